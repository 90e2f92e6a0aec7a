import { pyCompare, pyEquals, pyStr, roundHalfEven, toFloat, toInt, truthy } from "#core/python.ts";
import { type JsonObject, type Value, float } from "#core/value.ts";
import { NodeError, type PureNode } from "#engine/pure.ts";

/** A missing operand has a preset; null and what is no number are refused. */
function operand(inputs: JsonObject, name: string, preset: number): number {
  const value = inputs[name];
  if (value === undefined) return preset;
  if (value === null) throw new NodeError(`'${name}' is None, not a number`);
  return toFloat(value);
}

function binary(preset: { a: number; b: number }, apply: (a: number, b: number) => number): PureNode {
  return (inputs) => float(apply(operand(inputs, "a", preset.a), operand(inputs, "b", preset.b)));
}

function divisor(value: number): number {
  if (value === 0) throw new NodeError("division by zero");
  return value;
}

/** The result has the divisor's sign. */
function modulo(a: number, b: number): number {
  const rest = a % divisor(b);
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

function power(base: number, exponent: number): number {
  const result = base ** exponent;
  if (base === 0 && exponent < 0) throw new NodeError("0 cannot be raised to a negative power");
  if (Number.isNaN(result))
    throw new NodeError("the power of a negative number with a fractional exponent is not real");
  if (!Number.isFinite(result) && Number.isFinite(base)) throw new NodeError("the power is too large");
  return result;
}

const randomInt: PureNode = (inputs, { random }) => {
  const bounds = [toInt(inputs["min"] ?? 0), toInt(inputs["max"] ?? 100)].sort((a, b) => a - b);
  const [low = 0, high = 0] = bounds;
  return low + Math.floor(random() * (high - low + 1));
};

const compare: PureNode = (inputs) => {
  const a = inputs["a"] ?? null;
  const b = inputs["b"] ?? null;
  const op = inputs["op"] === undefined || inputs["op"] === null ? "==" : inputs["op"];
  if (op === "==") return pyEquals(a, b);
  if (op === "!=") return !pyEquals(a, b);
  const order = pyCompare(a, b);
  if (op === "<") return order !== null && order < 0;
  if (op === "<=") return order !== null && order <= 0;
  if (op === ">") return order !== null && order > 0;
  if (op === ">=") return order !== null && order >= 0;
  throw new NodeError(`unknown comparison '${pyStr(op)}'`);
};

/** The first number of a unary node: `value`, else `a`. */
function unary(inputs: JsonObject): number {
  return operand(inputs, inputs["value"] === undefined ? "a" : "value", 0);
}

function round(inputs: JsonObject): Value {
  return float(roundHalfEven(unary(inputs), toInt(inputs["decimals"] ?? 0)));
}

export const mathNodes: [string, PureNode][] = [
  ["add", binary({ a: 0, b: 0 }, (a, b) => a + b)],
  ["subtract", binary({ a: 0, b: 0 }, (a, b) => a - b)],
  ["multiply", binary({ a: 0, b: 0 }, (a, b) => a * b)],
  ["divide", binary({ a: 0, b: 1 }, (a, b) => a / divisor(b))],
  ["modulo", binary({ a: 0, b: 1 }, modulo)],
  [
    "power",
    (inputs) =>
      float(power(operand(inputs, "base", 0), operand(inputs, inputs["exp"] === undefined ? "exponent" : "exp", 1))),
  ],
  ["abs", (inputs) => float(Math.abs(unary(inputs)))],
  ["round", round],
  ["random_int", randomInt],
  ["random_float", (_inputs, { random }) => float(random())],
  ["compare", compare],
  ["and", (inputs) => truthy(inputs["a"]) && truthy(inputs["b"])],
  ["or", (inputs) => truthy(inputs["a"]) || truthy(inputs["b"])],
  ["not", (inputs) => !truthy(inputs["value"])],
];
