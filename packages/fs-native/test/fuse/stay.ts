/** A process whose current directory is the path that is given, until it is killed. */
process.chdir(process.argv[2]!);
console.log("here");
setInterval(() => {}, 1_000);
