import { draft } from './draft.ts';
import { CheckField, ChoiceField, RangeField, SeedField, TextField } from './fields.tsx';
import { PARAMETERS } from './parameters.ts';

const RESOLUTIONS = [360, 480, 576].map((pixels) => ({ value: `R${pixels}`, text: String(pixels) }));
const NAMES = ['negativePrompt', 'resolution', 'videoLength', 'steps', 'seed', 'base64'];

/** The parameters that most leave as they are, folded away unless something is wrong with one of them. */
export function MoreSettings({ issues }: { readonly issues: ReadonlyMap<string, string> }) {
  const { negativePrompt, resolution, videoLength, steps, seed, base64 } = PARAMETERS;
  const { input } = draft;
  const faultOf = (name: string): string | null => issues.get(name) ?? null;
  return (
    <details className="more" {...(NAMES.some((name) => issues.has(name)) ? { open: true } : {})}>
      <summary>More settings</summary>
      <ChoiceField
        name="resolution"
        label="Size in pixels"
        help={resolution.help}
        choices={RESOLUTIONS}
        defaultValue={input.resolution ?? ''}
        fault={faultOf('resolution')}
      />
      <RangeField
        name="videoLength"
        label="Length"
        {...videoLength}
        defaultValue={input.videoLength ?? videoLength.defaultValue}
        unit=" s"
        fault={faultOf('videoLength')}
      />
      <RangeField
        name="steps"
        label="Steps"
        {...steps}
        defaultValue={input.steps ?? steps.defaultValue}
        fault={faultOf('steps')}
      />
      <TextField
        name="negativePrompt"
        label="Negative prompt"
        {...negativePrompt}
        defaultValue={input.negativePrompt ?? ''}
        rows={3}
        fault={faultOf('negativePrompt')}
      />
      <SeedField
        name="seed"
        label="Seed"
        help={seed.help}
        defaultValue={input.seed ?? seed.defaultValue}
        fault={faultOf('seed')}
      />
      <CheckField
        name="base64"
        label="Keep the video in the gateway"
        help={base64.help}
        defaultChecked={input.base64 === true}
        fault={faultOf('base64')}
      />
    </details>
  );
}
