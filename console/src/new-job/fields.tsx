import { useId, useState } from 'react';
import { MAX_INT } from './read-form.ts';

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly help: string;
  /** What is wrong with what was sent; null: nothing. */
  readonly fault: string | null;
}

interface TextFieldProps extends FieldProps {
  readonly maxLength: number;
  readonly defaultValue?: string;
  readonly rows: number;
  readonly required?: boolean;
}

/** A text of some lines. One that is too long is not cut, which would go unseen: it is counted, and refused. */
export function TextField({
  name,
  label,
  help,
  fault,
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
        aria-invalid={fault !== null || length > maxLength}
        aria-describedby={`${id}-help`}
        onChange={({ target }) => setLength(lengthOf(target.value))}
      />
      <Help id={`${id}-help`} help={help} fault={fault} />
    </div>
  );
}

/** The share of the longest text from which on characters are counted for all to see. */
const COUNTED_FROM = 0.8;

/** As the gateway counts. */
function lengthOf(text: string): number {
  return Array.from(text.trim()).length;
}

interface NumberFieldProps extends FieldProps {
  readonly min: number;
  readonly max: number;
  readonly defaultValue: number;
  readonly unit?: string;
}

/** A whole number in a range, on a slider that shows it. */
export function RangeField({
  name,
  label,
  help,
  fault,
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
      <Help id={`${id}-help`} help={help} fault={fault} />
    </div>
  );
}

interface SeedFieldProps extends FieldProps {
  readonly defaultValue: number;
}

/** A whole number, with a button that draws one. */
export function SeedField({ name, label, help, fault, defaultValue }: SeedFieldProps) {
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
          aria-invalid={fault !== null}
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
      <Help id={`${id}-help`} help={help} fault={fault} />
    </div>
  );
}

interface ChoiceFieldProps extends FieldProps {
  readonly choices: readonly { readonly value: string; readonly text: string }[];
  readonly defaultValue: string;
}

/** One of a few. */
export function ChoiceField({ name, label, help, fault, choices, defaultValue }: ChoiceFieldProps) {
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
      <Help id={`${id}-help`} help={help} fault={fault} />
    </fieldset>
  );
}

interface CheckFieldProps extends FieldProps {
  readonly defaultChecked: boolean;
}

/** Yes or no. */
export function CheckField({ name, label, help, fault, defaultChecked }: CheckFieldProps) {
  const id = useId();
  return (
    <div className="field">
      <label className="check">
        <input type="checkbox" name={name} defaultChecked={defaultChecked} aria-describedby={`${id}-help`} />
        <span>{label}</span>
      </label>
      <Help id={`${id}-help`} help={help} fault={fault} />
    </div>
  );
}

function Help({
  id,
  help,
  fault,
}: {
  readonly id: string;
  readonly help: string;
  readonly fault: string | null;
}) {
  return (
    <p id={id} className={fault === null ? 'help' : 'field-error'}>
      {fault ?? help}
    </p>
  );
}
