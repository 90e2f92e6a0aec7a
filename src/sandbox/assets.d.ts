declare module "*.wasm" {
  const path: string;
  export default path;
}
declare module "*.zip" {
  const path: string;
  export default path;
}
declare module "*.py" {
  const text: string;
  export default text;
}
declare module "pyodide/pyodide.asm.mjs";
declare module "#sandbox/javascript/bootstrap.js.txt" {
  const text: string;
  export default text;
}
