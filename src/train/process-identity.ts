import fs from 'node:fs';
import os from 'node:os';
import process from 'node:process';

/** Which process it was, so that another one can tell whether it still lives. Null is what this system does not say. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** Containers of one host name may each have a process of this number: only within one of these is a number one process. */
  readonly pidNamespace?: string | null;
  /** When it began, as the boot of the machine and ticks since then: numbers are given again, to others. */
  readonly began?: string | null;
}

export function thisProcess(): ProcessIdentity {
  const { pid } = process;
  return { pid, host: os.hostname(), pidNamespace: pidNamespace(), began: began(pid) };
}

/**
 * False when the process is known to have ended. Of a process on another machine, or in a container whose processes are not seen
 * from here, nothing is known: it counts as alive. Time plays no part: a process that was stopped, or slept with its
 * machine, lives.
 */
export function mayBeAlive(other: ProcessIdentity): boolean {
  const self = thisProcess();
  if (other.host !== self.host) return true;
  if (other.began && self.began && bootOf(other.began) !== bootOf(self.began)) return false;
  if (other.pidNamespace && self.pidNamespace && other.pidNamespace !== self.pidNamespace) return true;
  if (other.pid === self.pid) return self.began !== null && other.began === self.began;
  try {
    process.kill(other.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return !self.began || !other.began || began(other.pid) === other.began;
}

function pidNamespace(): string | null {
  try {
    return fs.readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}

/** Null also for a process that ended and was not yet fetched by its parent, and where there is no Linux. */
function began(pid: number): string | null {
  try {
    const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // The second field is the program's name in brackets, which may itself hold spaces and brackets; the third is the state, the 22nd the start.
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return 'ZX'.includes(fields[0]!) ? null : `${boot} ${fields[19]}`;
  } catch {
    return null;
  }
}

function bootOf(began: string): string {
  return began.split(' ')[0]!;
}
