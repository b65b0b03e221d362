// For a Node.js language host, which loads packs through a compiler of its own: import() leaves it out.
module.exports = import("./main.ts");
