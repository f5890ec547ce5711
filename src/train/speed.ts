/** Share of the newest step in the smoothed time. */
const share = 0.1;

/** How fast steps go and how long the rest takes, smoothed over the last ten steps or so. */
export class Speed {
  private secondsPerStep: number | null = null;
  private secondsPerValidation = 0;

  step(seconds: number): void {
    this.secondsPerStep = this.secondsPerStep === null ? seconds : (1 - share) * this.secondsPerStep + share * seconds;
  }

  validation(seconds: number): void {
    this.secondsPerValidation = seconds;
  }

  imagesPerSecond(batchSize: number): number {
    return this.secondsPerStep ? batchSize / this.secondsPerStep : 0;
  }

  secondsLeft(steps: number, validations: number): number {
    return steps * (this.secondsPerStep ?? 0) + validations * this.secondsPerValidation;
  }
}
