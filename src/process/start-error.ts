/** The settings or the environment prevent the start. The message names the setting, its value and the remedy. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
