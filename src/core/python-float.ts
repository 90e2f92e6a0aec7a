/** Floats as Python writes and rounds them. All rounding works on the exact binary value, half to even. */

/** Shortest digits that read back, in Python's notation: exponent below 1e-4 and from 1e16 on, two digits at least. */
export function reprFloat(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e16) return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  const text = String(value);
  return text.includes(".") ? text : `${text}.0`;
}

/** No double has more decimals than this, so further digits are zeros. */
const maxDecimals = 1100;

/** `round(value, digits)` of a float. Throws when the result is too large for a float. */
export function roundHalfEven(value: number, digits: number): number {
  if (!Number.isFinite(value) || digits > 323) return value;
  const size = digits < -308 ? 0 : Number(`${scaled(Math.abs(value), digits)}e${-digits}`);
  if (!Number.isFinite(size)) throw new Error("the rounded value is too large for a float");
  return value < 0 || Object.is(value, -0) ? -size : size;
}

/** A finite size with so many decimals. */
export function fixedText(size: number, decimals: number): string {
  const exact = Math.min(decimals, maxDecimals);
  const digits = scaled(size, exact)
    .toString()
    .padStart(exact + 1, "0");
  const point = digits.length - exact;
  return decimals === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point).padEnd(decimals, "0")}`;
}

/** The first `count` significant digits of a finite size, and the power of ten of the first of them. */
export function significantDigits(size: number, count: number): { digits: string; power: number } {
  const exact = Math.min(count, maxDecimals);
  if (size === 0) return { digits: "0".repeat(count), power: 0 };
  // The logarithm may be off by one at a power of ten, so the search begins below; rounding up may add a digit.
  let power = Math.floor(Math.log10(size)) - 1;
  for (;;) {
    const digits = scaled(size, exact - 1 - power).toString();
    if (digits.length <= exact) return { digits: digits.padEnd(count, "0"), power };
    power += digits.length - exact;
  }
}

/** `size × 10^digits`, rounded half to even. */
function scaled(size: number, digits: number): bigint {
  let exponent = 0;
  let whole = size;
  while (!Number.isInteger(whole)) {
    whole *= 2;
    exponent++;
  }
  const ten = 10n ** BigInt(Math.abs(digits));
  const numerator = BigInt(whole) * (digits > 0 ? ten : 1n);
  const denominator = (1n << BigInt(exponent)) * (digits < 0 ? ten : 1n);
  const quotient = numerator / denominator;
  const rest = (numerator % denominator) * 2n;
  return rest > denominator || (rest === denominator && quotient % 2n === 1n) ? quotient + 1n : quotient;
}
