// Runs before the page's own scripts: remembers the memory of the wasm module that the page starts.
for (const name of ["instantiate", "instantiateStreaming"]) {
  const original = WebAssembly[name].bind(WebAssembly);
  WebAssembly[name] = async (...parameters) => {
    const result = await original(...parameters);
    window.__wasmMemory = (result.instance ?? result).exports.memory;
    return result;
  };
}
