import fs from 'node:fs';
import path from 'node:path';

/** A checkpoint file; for a run's folder the best one in it, or the last while there is no best. */
export function checkpointPath(place: string): string {
  if (!fs.existsSync(place) || !fs.statSync(place).isDirectory()) return place;
  const best = path.join(place, 'best.safetensors');
  return fs.existsSync(best) ? best : path.join(place, 'last.safetensors');
}
