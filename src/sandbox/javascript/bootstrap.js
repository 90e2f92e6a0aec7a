// Evaluated before the code of a call, so that it keeps the functions that the code could replace.
(requestText) => {
  const { parse, stringify } = JSON;
  const { isArray } = Array;
  const { keys } = Object;
  const { isSafeInteger, isInteger, isFinite } = Number;
  const { apply } = Reflect;
  const join = Array.prototype.join;
  const slice = String.prototype.slice;
  const exec = RegExp.prototype.exec;
  const then = Promise.prototype.then;
  const PromiseClass = Promise;
  const ErrorClass = Error;
  const request = parse(requestText);
  let room = request.maxResultBytes;
  let settled = null;

  const refuse = (text) => {
    throw { refused: text };
  };
  const write = (text) => {
    room -= text.length;
    if (room < 0) refuse("The result is too large");
    return text;
  };
  const scalar = (value) => {
    if (value === null) return "null";
    switch (typeof value) {
      case "undefined":
        return "null";
      case "boolean":
        return value ? "true" : "false";
      case "string":
        return stringify(value);
      case "number":
        if (!isFinite(value)) refuse(`The result holds ${value}, which a workflow cannot carry`);
        return stringify(value);
      case "bigint":
        if (!isSafeInteger(Number(value)))
          refuse("The result holds a bigint that a workflow cannot carry exactly (beyond 2**53)");
        return `${value}`;
      default:
        return refuse(`The result holds a ${typeof value}, which a workflow cannot carry`);
    }
  };
  const text = (value, depth) => {
    if (value === null || typeof value !== "object") return write(scalar(value));
    if (depth >= 200) refuse("The result is nested more than 200 levels deep, or holds itself");
    const parts = [];
    if (isArray(value)) {
      write("[]");
      for (let at = 0; at < value.length; at++) {
        write(",");
        parts[at] = text(value[at], depth + 1);
      }
      return `[${apply(join, parts, [","])}]`;
    }
    const names = keys(value);
    write("{}");
    for (let at = 0; at < names.length; at++) {
      write(",:");
      parts[at] = `${write(stringify(names[at]))}:${text(value[names[at]], depth + 1)}`;
    }
    return `{${apply(join, parts, [","])}}`;
  };
  const describe = (error) => {
    try {
      if (error !== null && typeof error === "object" && typeof error.refused === "string") return error.refused;
      if (!(error instanceof ErrorClass)) return `Uncaught ${apply(slice, `${String(error)}`, [0, 2000])}`;
      const found = apply(exec, /<code>:(\d+)/, [`${error.stack}`]);
      const place = found === null ? "" : ` (line ${found[1]})`;
      return `${apply(slice, `${error.name}: ${error.message}`, [0, 2000])}${place}`;
    } catch {
      return "The code failed, and its error cannot be described";
    }
  };
  const keep = (make) => {
    try {
      settled = { value: make(), error: undefined };
    } catch (error) {
      settled = { value: undefined, error: describe(error) };
    }
  };
  return {
    call(code) {
      keep(() => {
        if (typeof code !== "function") refuse(`The code defines no function '${request.functionName}'`);
        const result = code(parse(request.input));
        if (!(result instanceof PromiseClass)) return text(result, 0);
        apply(then, result, [
          (value) => keep(() => text(value, 0)),
          (error) => (settled = { value: undefined, error: describe(error) }),
        ]);
        return null;
      });
      if (settled.value === null) settled = null;
      return "";
    },
    // Only texts are turned into JSON here: on an object the code's own `toJSON` would be asked.
    answer() {
      if (settled === null) return "";
      return settled.error === undefined ? `V${settled.value}` : `E${stringify(settled.error)}`;
    },
  };
};
