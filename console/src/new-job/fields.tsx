import { useId, useState } from 'react';
import { MAX_INT } from './read-form.ts';

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly help: string;
  /** The error message of the value; null: valid. */
  readonly error: string | null;
}

interface TextFieldProps extends FieldProps {
  readonly maxLength: number;
  readonly defaultValue?: string;
  readonly rows: number;
  readonly required?: boolean;
}

/** A multi-line text. A text that is too long is not cut silently: the field shows its length, and the form refuses it. */
export function TextField({
  name,
  label,
  help,
  error,
  rows,
  maxLength,
  defaultValue = '',
  required,
}: TextFieldProps) {
  const id = useId();
  const [length, setLength] = useState(lengthOf(defaultValue));
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        {length > maxLength * COUNTED_FROM && (
          <span className="value">
            {length.toLocaleString('en')} of {maxLength.toLocaleString('en')}
          </span>
        )}
      </label>
      <textarea
        id={id}
        name={name}
        rows={rows}
        defaultValue={defaultValue}
        required={required}
        aria-invalid={error !== null || length > maxLength}
        aria-describedby={`${id}-help`}
        onChange={({ target }) => setLength(lengthOf(target.value))}
      />
      <Help id={`${id}-help`} help={help} error={error} />
    </div>
  );
}

/** From this share of the maximum length on, the field shows the length. */
const COUNTED_FROM = 0.8;

/** The length in code points, as the gateway counts. */
function lengthOf(text: string): number {
  return Array.from(text.trim()).length;
}

interface NumberFieldProps extends FieldProps {
  readonly min: number;
  readonly max: number;
  readonly defaultValue: number;
  readonly unit?: string;
}

/** A slider for a whole number. */
export function RangeField({
  name,
  label,
  help,
  error,
  min,
  max,
  defaultValue,
  unit = '',
}: NumberFieldProps) {
  const id = useId();
  const [value, setValue] = useState(defaultValue);
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}{' '}
        <output htmlFor={id} className="value">
          {value}
          {unit}
        </output>
      </label>
      <input
        id={id}
        type="range"
        name={name}
        min={min}
        max={max}
        value={value}
        aria-valuetext={`${value}${unit}`}
        aria-describedby={`${id}-help`}
        onChange={({ target }) => setValue(target.valueAsNumber)}
      />
      <Help id={`${id}-help`} help={help} error={error} />
    </div>
  );
}

interface SeedFieldProps extends FieldProps {
  readonly defaultValue: number;
}

/** A whole number, with a button for a random one. */
export function SeedField({ name, label, help, error, defaultValue }: SeedFieldProps) {
  const id = useId();
  const [value, setValue] = useState(String(defaultValue));
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="row">
        <input
          id={id}
          type="number"
          name={name}
          min={-MAX_INT - 1}
          max={MAX_INT}
          step={1}
          required
          value={value}
          aria-invalid={error !== null}
          aria-describedby={`${id}-help`}
          onChange={({ target }) => setValue(target.value)}
        />
        <button
          type="button"
          className="button"
          onClick={() => setValue(String(Math.floor(Math.random() * MAX_INT)))}
        >
          Random
        </button>
      </div>
      <Help id={`${id}-help`} help={help} error={error} />
    </div>
  );
}

interface ChoiceFieldProps extends FieldProps {
  readonly choices: readonly { readonly value: string; readonly text: string }[];
  readonly defaultValue: string;
}

/** A choice by radio buttons. */
export function ChoiceField({ name, label, help, error, choices, defaultValue }: ChoiceFieldProps) {
  const id = useId();
  return (
    <fieldset className="field" aria-describedby={`${id}-help`}>
      <legend>{label}</legend>
      <div className="choices">
        {choices.map(({ value, text }) => (
          <label key={value}>
            <input type="radio" name={name} value={value} defaultChecked={value === defaultValue} />
            <span>{text}</span>
          </label>
        ))}
      </div>
      <Help id={`${id}-help`} help={help} error={error} />
    </fieldset>
  );
}

interface CheckFieldProps extends FieldProps {
  readonly defaultChecked: boolean;
}

/** A checkbox. */
export function CheckField({ name, label, help, error, defaultChecked }: CheckFieldProps) {
  const id = useId();
  return (
    <div className="field">
      <label className="check">
        <input type="checkbox" name={name} defaultChecked={defaultChecked} aria-describedby={`${id}-help`} />
        <span>{label}</span>
      </label>
      <Help id={`${id}-help`} help={help} error={error} />
    </div>
  );
}

function Help({
  id,
  help,
  error,
}: {
  readonly id: string;
  readonly help: string;
  readonly error: string | null;
}) {
  return (
    <p id={id} className={error === null ? 'help' : 'field-error'}>
      {error ?? help}
    </p>
  );
}
