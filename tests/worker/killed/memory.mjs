// What a WebAssembly instance has grown to. Imported before the worker makes its own.

let memory;
const Instance = WebAssembly.Instance;
WebAssembly.Instance = class extends Instance {
  constructor(...given) {
    super(...given);
    memory = this.exports.memory;
  }
};

/** The bytes of linear memory; they never become fewer. */
export const grown = () => memory.buffer.byteLength;
