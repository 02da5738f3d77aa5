/**
 * The quantile function of the standard normal distribution.
 *
 * By M. J. Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", Applied
 * Statistics 37 (1988): a quotient of polynomials for each of three regions, about 16 digits.
 *
 * @module
 */
import { naturalLog } from "../deterministic_math.ts";

type Coefficients = readonly number[];

/** For fractions within 0.425 of one half, in 0.425^2 - (fraction - 1/2)^2. */
const CENTRE_UPPER: Coefficients = [
  3.3871328727963666080e0,
  1.3314166789178437745e2,
  1.9715909503065514427e3,
  1.3731693765509461125e4,
  4.5921953931549871457e4,
  6.7265770927008700853e4,
  3.3430575583588128105e4,
  2.5090809287301226727e3,
];
const CENTRE_LOWER: Coefficients = [
  1,
  4.2313330701600911252e1,
  6.8718700749205790830e2,
  5.3941960214247511077e3,
  2.1213794301586595867e4,
  3.9307895800092710610e4,
  2.8729085735721942674e4,
  5.2264952788528545610e3,
];

/** Further out, in r - 1.6 with r = sqrt(-ln of the distance to the nearer end), up to r = 5. */
const TAIL_UPPER: Coefficients = [
  1.42343711074968357734e0,
  4.63033784615654529590e0,
  5.76949722146069140550e0,
  3.64784832476320460504e0,
  1.27045825245236838258e0,
  2.41780725177450611770e-1,
  2.27238449892691845833e-2,
  7.74545014278341407640e-4,
];
const TAIL_LOWER: Coefficients = [
  1,
  2.05319162663775882187e0,
  1.67638483018380384940e0,
  6.89767334985100004550e-1,
  1.48103976427480074590e-1,
  1.51986665636164571966e-2,
  5.47593808499534494600e-4,
  1.05075007164441684324e-9,
];

/** Beyond that, in r - 5. */
const FAR_UPPER: Coefficients = [
  6.65790464350110377720e0,
  5.46378491116411436990e0,
  1.78482653991729133580e0,
  2.96560571828504891230e-1,
  2.65321895265761230930e-2,
  1.24266094738807843860e-3,
  2.71155556874348757815e-5,
  2.01033439929228813265e-7,
];
const FAR_LOWER: Coefficients = [
  1,
  5.99832206555887937690e-1,
  1.36929880922735805310e-1,
  1.48753612908506148525e-2,
  7.86869131145613259100e-4,
  1.84631831751005468180e-5,
  1.42151175831644588870e-7,
  2.04426310338993978564e-15,
];

/**
 * How many standard deviations from the mean the given fraction of the values lies below.
 *
 * @param fraction Between 0 and 1; the ends give -Infinity and Infinity.
 */
export function normalQuantile(fraction: number): number {
  if (!(fraction >= 0 && fraction <= 1)) {
    throw new RangeError(`fraction must be from 0 to 1, got ${fraction}`);
  }
  const fromHalf = fraction - 0.5;
  if (Math.abs(fromHalf) <= 0.425) {
    const r = 0.180625 - fromHalf * fromHalf;
    return fromHalf * polynomial(CENTRE_UPPER, r) / polynomial(CENTRE_LOWER, r);
  }
  const fromEnd = fromHalf < 0 ? fraction : 1 - fraction;
  const distance = fromEnd === 0 ? Infinity : tailQuantile(Math.sqrt(-naturalLog(fromEnd)));
  return fromHalf < 0 ? -distance : distance;
}

function tailQuantile(r: number): number {
  return r <= 5
    ? polynomial(TAIL_UPPER, r - 1.6) / polynomial(TAIL_LOWER, r - 1.6)
    : polynomial(FAR_UPPER, r - 5) / polynomial(FAR_LOWER, r - 5);
}

function polynomial(coefficients: Coefficients, x: number): number {
  let value = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) value = value * x + coefficients[i]!;
  return value;
}
