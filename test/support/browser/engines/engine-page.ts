/** A page of any browser: the steps that their protocols have in common. Disposing ends the browser. */
export interface EnginePage extends AsyncDisposable {
  open(url: string): Promise<void>;
  /** Evaluates an expression. @returns its value as text */
  read(expression: string): Promise<string>;
  /** Types into the first element of a CSS selector. */
  type(selector: string, text: string): Promise<void>;
  /** Clicks the first element of a CSS selector. */
  click(selector: string): Promise<void>;
  /** Chooses a file in the file input of the page. @param path absolute */
  chooseFile(path: string): Promise<void>;
}

/** The file input of the page. */
export const FILE_INPUT = 'input[type=file]';
