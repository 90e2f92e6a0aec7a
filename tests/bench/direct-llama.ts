import { LlamaChat, getLlama, resolveChatWrapper } from "node-llama-cpp";

/** node-llama-cpp as anybody would call it, in a process of its own: the peer of the gateway's local models. Answers each message with a rate. */
const [modelPath = "", threads = "1"] = process.argv.slice(2);
const llama = await getLlama({ maxThreads: Number(threads), gpu: false, build: "never", progressLogs: false });
const model = await llama.loadModel({ modelPath });
const context = await model.createContext({ contextSize: model.trainContextSize, sequences: 4 });
const chatWrapper = resolveChatWrapper(model);
const contextSequence = context.getSequence();

process.on("message", async ({ prompt, maxTokens }: { prompt: string; maxTokens: number }) => {
  const chat = new LlamaChat({ contextSequence, chatWrapper });
  let tokens = 0;
  const from = performance.now();
  const history = chatWrapper.generateInitialChatHistory();
  history.push({ type: "user", text: prompt });
  await chat.generateResponse(history, {
    temperature: 0,
    maxTokens,
    onResponseChunk: (chunk) => void (tokens += chunk.tokens.length),
  });
  const seconds = (performance.now() - from) / 1000;
  chat.dispose({ disposeSequence: false });
  process.send?.({ tokens, seconds });
});
process.on("disconnect", () => process.exit(0));
process.send?.({ ready: true });
