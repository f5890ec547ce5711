/** Share of the newest step in the smoothed time. */
const share = 0.1;

/**
 * How fast steps go and how long the rest takes, smoothed over the last ten steps or so. A process that is stopped, or sleeps with
 * its machine, is not at work, but clocks may go on: what takes ten times as long as it used to, and a second more, counts as that.
 */
export class Speed {
  private secondsPerStep: number | null = null;
  private secondsPerValidation: number | null = null;

  /** Returns the seconds at work. */
  step(seconds: number): number {
    const counted = atWork(seconds, this.secondsPerStep);
    this.secondsPerStep = this.secondsPerStep === null ? counted : (1 - share) * this.secondsPerStep + share * counted;
    return counted;
  }

  /** Returns the seconds at work. */
  validation(seconds: number): number {
    this.secondsPerValidation = atWork(seconds, this.secondsPerValidation);
    return this.secondsPerValidation;
  }

  imagesPerSecond(batchSize: number): number {
    return this.secondsPerStep ? batchSize / this.secondsPerStep : 0;
  }

  secondsLeft(steps: number, validations: number): number {
    return steps * (this.secondsPerStep ?? 0) + validations * (this.secondsPerValidation ?? 0);
  }
}

function atWork(seconds: number, usual: number | null): number {
  return usual === null ? seconds : Math.min(seconds, 10 * usual + 1);
}
