// For a Node.js language host, which loads packs through a compiler of its own: import() leaves it out.
// Only the executable says where the program is; here it stands beside the pack.
delete process.env.SPARKI_PROGRAM_DIRECTORY;
module.exports = import("./main.ts");
