import variant from "@jitl/quickjs-singlefile-mjs-release-sync";
import { type QuickJSContext, type QuickJSHandle, newQuickJSWASMModuleFromVariant } from "quickjs-emscripten-core";
import bootstrap from "#sandbox/javascript/bootstrap.js.txt" with { type: "text" };
import type { CodeResult, Interpreter, WorkerCall } from "#sandbox/protocol.ts";

const maxStackBytes = 512 * 1024;

/** QuickJS with a runtime of its own for every call. It has ECMAScript and nothing of a host: no network, files, timers or modules. */
export async function openJavascript(): Promise<Interpreter> {
  const quickjs = await newQuickJSWASMModuleFromVariant(variant);
  let isBroken = false;
  return {
    run(call) {
      const runtime = quickjs.newRuntime();
      runtime.setMemoryLimit(call.memoryBytes);
      runtime.setMaxStackSize(maxStackBytes);
      try {
        const context = runtime.newContext();
        const result = evaluate(context, call);
        context.dispose();
        runtime.dispose();
        return result;
      } catch (error) {
        // What a full memory leaves behind cannot be freed in order.
        isBroken = true;
        const text = error instanceof Error ? error.message : String(error);
        return { error: `The code broke the interpreter: ${text.split("\n")[0]?.slice(0, 300)}` };
      }
    },
    reset: () => !isBroken,
  };
}

function evaluate(context: QuickJSContext, call: WorkerCall): CodeResult {
  const { source, functionName, locals, input, maxResultBytes } = call;
  if (!/^[A-Za-z_$][\w$]*$/.test(functionName)) return { error: `'${functionName}' is not a function's name` };
  const start = context.unwrapResult(context.evalCode(bootstrap, "<start>"));
  const request = context.newString(JSON.stringify({ functionName, maxResultBytes, input }));
  const state = context.unwrapResult(context.callFunction(start, context.undefined, request));
  start.dispose();
  request.dispose();
  const finish = (method: string, ...values: QuickJSHandle[]) => {
    const step = context.getProp(state, method);
    const answer = context.callFunction(step, state, ...values);
    step.dispose();
    if (answer.error) return { error: describe(answer.error.consume((each) => context.dump(each) as unknown)) };
    return answer.value.consume((value) => readAnswer(context.getString(value)));
  };
  const loaded = context.evalCode(locals === null ? source : wrapped(source, functionName, locals), "<code>");
  if (loaded.error) {
    const error = loaded.error.consume((each) => context.dump(each) as unknown);
    state.dispose();
    return { error: describe(error) };
  }
  loaded.value.dispose();
  const named = context.unwrapResult(
    context.evalCode(`typeof ${functionName} === "undefined" ? undefined : ${functionName}`, "<name>"),
  );
  finish("call", named);
  named.dispose();
  // A promise settles as far as it can without timers and the world outside.
  context.runtime.executePendingJobs();
  const result = finish("answer");
  state.dispose();
  return result ?? { error: "The code waits for something that never comes" };
}

/** `V` and the value's JSON text, `E` and a sentence as JSON text, or nothing yet. */
function readAnswer(text: string): CodeResult | null {
  if (text.startsWith("V")) return { value: text.slice(1) };
  return text.startsWith("E") ? { error: String(JSON.parse(text.slice(1))) } : null;
}

/** On the line of the function's head, so that lines keep their numbers. */
function wrapped(body: string, name: string, locals: [string, string][]): string {
  const head = locals.map(([local, pin]) => `let ${local} = _input[${JSON.stringify(pin)}] ?? null;`).join(" ");
  const tail = body.trim() === "" ? "return _input;" : "";
  return `function ${name}(_input) { ${head} ${tail}${body}\n}`;
}

function describe(error: unknown): string {
  const { name, message, stack } = (typeof error === "object" && error !== null ? error : {}) as Record<
    string,
    unknown
  >;
  const line = /<code>:(\d+)/.exec(typeof stack === "string" ? stack : "")?.[1];
  const place = line === undefined ? "" : ` (line ${line})`;
  if (typeof name !== "string") return `Uncaught ${String(error).slice(0, 2000)}`;
  return `${name}: ${String(message).slice(0, 2000)}${place}`;
}
