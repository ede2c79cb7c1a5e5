/** Puts a text into the clipboard. Call it while a click or a key is handled. @returns false when the browser refuses */
export async function copyText(text: string): Promise<boolean> {
  // Pages over plain http have no `navigator.clipboard`, except on this machine.
  if (navigator.clipboard === undefined) return copyByCommand(text);
  return navigator.clipboard.writeText(text).then(
    () => true,
    () => copyByCommand(text),
  );
}

/** The older way. It has no successor that works over plain http. */
function copyByCommand(text: string): boolean {
  const copy = (event: ClipboardEvent): void => {
    event.clipboardData?.setData('text/plain', text);
    event.preventDefault();
  };
  document.addEventListener('copy', copy);
  // oxlint-disable-next-line typescript/no-deprecated
  const isCopied = document.execCommand('copy');
  document.removeEventListener('copy', copy);
  return isCopied;
}
