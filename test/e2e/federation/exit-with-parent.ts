/** For `node --import`: exits when the process that started this one has exited in any way. */
process.stdin.resume().on('close', () => process.exit());
