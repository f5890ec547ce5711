/**
 * The quantile of the standard normal distribution, 0 < share < 1, by the rational approximations of Acklam, whose relative error is
 * below 1.2e-9: the scale of the axes of a DET curve, on which normally distributed scores give straight lines.
 */
export function probit(share: number): number {
  if (share > 0.5) return -probit(1 - share);
  if (share < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(share));
    return polynomial(tailNumerator, q) / (polynomial(tailDenominator, q) * q + 1);
  }
  const q = share - 0.5;
  return (polynomial(centreNumerator, q * q) * q) / (polynomial(centreDenominator, q * q) * q * q + 1);
}

const centreNumerator = [
  -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239,
];
const centreDenominator = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572];
const tailNumerator = [
  -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783,
];
const tailDenominator = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416];

/** Coefficients from the highest power to the constant. */
function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
}
