/**
 * The interval of Clopper and Pearson (1934) for a share of which `events` of `trials` independent trials were seen: it holds the true
 * share with a probability of at least `level`, whatever that share is. Its ends are quantiles of beta distributions,
 *
 *     low  = B(alpha / 2;     k,     n - k + 1)   (0 when k = 0)
 *     high = B(1 - alpha / 2; k + 1, n - k)       (1 when k = n)
 *
 * with alpha = 1 - level: the shares at which seeing k or more, or k or fewer, has a probability of alpha / 2. `trials` is at least 1.
 */
export function clopperPearson(events: number, trials: number, level: number): readonly [low: number, high: number] {
  const tail = (1 - level) / 2;
  return [
    events === 0 ? 0 : betaQuantile(tail, events, trials - events + 1),
    events === trials ? 1 : 1 - betaQuantile(tail, trials - events, events + 1),
  ];
}

/** Where I_x(a, b) reaches `probability`, by halving: I rises with x, and 60 halvings leave less than 1e-18. */
function betaQuantile(probability: number, a: number, b: number): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (incompleteBeta(middle, a, b) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * The regularised incomplete beta function I_x(a, b), 0 < x < 1, by its continued fraction (DLMF 8.17.22), evaluated with the method of
 * Lentz. It converges fast for x below (a + 1) / (a + b + 2); above, I_x(a, b) = 1 - I_{1-x}(b, a) leads there.
 */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b)) / a;
  const nonzero = (value: number) => (Math.abs(value) < 1e-300 ? 1e-300 : value);
  let [c, d] = [1, 1 / nonzero(1 - ((a + b) * x) / (a + 1))];
  let fraction = d;
  // The number of terms grows with sqrt(max(a, b)): a hundred for a thousand trials.
  for (let m = 1; m < 100_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    let change = 1;
    for (const term of [even, odd]) {
      d = 1 / nonzero(1 + term * d);
      c = nonzero(1 + term / c);
      change = c * d;
      fraction *= change;
    }
    if (Math.abs(change - 1) < 1e-15) break;
  }
  return front * fraction;
}

function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}

/** ln of the gamma function of x >= 1, by Stirling's series (DLMF 5.11.1) beyond 10, where its terms fall to 1e-16, and the recurrence below. */
function logGamma(x: number): number {
  if (x < 10) return logGamma(x + 1) - Math.log(x);
  const square = 1 / (x * x);
  const series =
    1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square * (1 / 1188 - square * (691 / 360360)))));
  return (x - 0.5) * Math.log(x) - x + Math.log(2 * Math.PI) / 2 + series / x;
}
