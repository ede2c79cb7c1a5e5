/** Ends a child process once its parent has gone, however it went: then its standard input is closed. */
export function endWithParent(): void {
  process.stdin.resume().on('close', () => {
    process.exit();
  });
}
