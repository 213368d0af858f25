// `anchorage/wasm`: the module itself, compiled where a runtime or a bundler does that, for `load` to be told.

declare const module: WebAssembly.Module;
export default module;
