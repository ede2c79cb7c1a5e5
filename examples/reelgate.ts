import { createReelgate } from '@reelgate/client';
import { endpoint, fail, input, show, token } from './terminal.ts';

const client = createReelgate({ url: endpoint, token });

await client.generate(input, { onUpdate: show }).catch(fail);
