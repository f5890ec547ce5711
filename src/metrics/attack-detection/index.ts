/*
 * Error rates of presentation attack detection by ISO/IEC 30107-3: pure functions of scores.
 */
export { clopperPearson } from './clopper-pearson.js';
export { type Criterion, chooseThreshold, criterionForms, parseCriterion } from './criterion.js';
export { type ApcerLimit, apcerLimits, type CurvePoint, curvePoints } from './curve.js';
export { type Confidence, confidenceOf, type Interval, type IntervalOptions, type RateIntervals } from './intervals.js';
export { bonafideClass, countClasses, type Presentation, type Ranking, rank } from './ranking.js';
export { acceptedAt, type BySpecies, named, type Rates, ratesAt } from './rates.js';
