/** The gateway cannot start as it is set up. The message names the setting, its value and the remedy. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
