import { roundHalfEven } from "#core/python-float.ts";
import { briefly, pyCompare, pyEquals, pyStr, toFloat, toInt, truthy } from "#core/python.ts";
import { type JsonObject, type Value, float } from "#core/value.ts";
import { NodeError, type PureNode } from "#engine/pure.ts";

/** A missing operand has a preset; null and what is no number are refused. */
function operand(inputs: JsonObject, name: string, preset: number): number {
  const value = inputs[name];
  if (value === undefined) return preset;
  try {
    return toFloat(value);
  } catch {
    throw new NodeError(`'${name}' must be a number, not ${briefly(value)}`);
  }
}

/** JSON has no infinity and no NaN: they would come back from the ledger as null, so the node fails where they arise. */
function finite(value: number): Value {
  if (!Number.isFinite(value)) throw new NodeError(`the result is not a finite number`);
  return float(value);
}

function binary(presetB: number, apply: (a: number, b: number) => number): PureNode {
  return (inputs) => finite(apply(operand(inputs, "a", 0), operand(inputs, "b", presetB)));
}

function divide(a: number, b: number): number {
  if (b === 0) throw new NodeError("division by zero");
  return a / b;
}

/** The result has the divisor's sign. */
function modulo(a: number, b: number): number {
  if (b === 0) throw new NodeError("modulo by zero");
  const rest = a % b;
  if (rest === 0) return b < 0 ? -0 : 0;
  return rest < 0 !== b < 0 ? rest + b : rest;
}

const power: PureNode = (inputs) => {
  const base = operand(inputs, "base", 0);
  const exponent = operand(inputs, "exp", 1);
  if (base === 0 && exponent < 0) throw new NodeError("0 cannot be raised to a negative power");
  if (base < 0 && Number.isFinite(exponent) && !Number.isInteger(exponent)) {
    throw new NodeError("a negative number has no real power with a fractional exponent");
  }
  return finite(base ** exponent);
};

const round: PureNode = (inputs) => {
  const { decimals = 0 } = inputs;
  return finite(roundHalfEven(operand(inputs, "value", 0), toInt(decimals)));
};

/** A bound of a random node: what cannot be read is as if it were absent. */
function bound(value: Value | undefined, preset: number): number {
  try {
    const number = value === undefined ? preset : toFloat(value);
    return Number.isFinite(number) ? number : preset;
  } catch {
    return preset;
  }
}

function bounds(inputs: JsonObject, max: number): [number, number] {
  const a = bound(inputs["min"], 0);
  const b = bound(inputs["max"], max);
  return a <= b ? [a, b] : [b, a];
}

const randomInt: PureNode = (inputs, { random }) => {
  const [min, max] = bounds(inputs, 100).map(Math.trunc) as [number, number];
  return Math.min(max, min + Math.floor(random() * (max - min + 1))) + 0;
};

const randomFloat: PureNode = (inputs, { random }) => {
  const [min, max] = bounds(inputs, 1);
  return finite(min + (max - min) * random());
};

const compare: PureNode = (inputs) => {
  const { a = null, b = null } = inputs;
  // A pin that is wired to nothing yet delivers null, which is no wish for another operator.
  const op = pyStr(inputs["op"] ?? "==");
  if (op === "==") return pyEquals(a, b);
  if (op === "!=") return !pyEquals(a, b);
  if (!["<", "<=", ">", ">="].includes(op)) throw new NodeError(`there is no comparison ${briefly(op)}`);
  const order = pyCompare(a, b);
  if (order === null) return false;
  return (op.startsWith("<") && order < 0) || (op.startsWith(">") && order > 0) || (op.endsWith("=") && order === 0);
};

export const mathNodes: [string, PureNode][] = [
  ["add", binary(0, (a, b) => a + b)],
  ["subtract", binary(0, (a, b) => a - b)],
  ["multiply", binary(0, (a, b) => a * b)],
  ["divide", binary(1, divide)],
  ["modulo", binary(1, modulo)],
  ["power", power],
  ["abs", (inputs) => finite(Math.abs(operand(inputs, "value", 0)))],
  ["round", round],
  ["random_int", randomInt],
  ["random_float", randomFloat],
  ["compare", compare],
  ["and", (inputs) => truthy(inputs["a"]) && truthy(inputs["b"])],
  ["or", (inputs) => truthy(inputs["a"]) || truthy(inputs["b"])],
  ["not", (inputs) => !truthy(inputs["value"])],
];
