import type { Reelgate } from '@reelgate/client';
import { createContext, use } from 'react';
import { v4 } from 'uuid';
import { rememberStarted } from '../jobs/started-here.ts';
import { webStorage } from '../ui/web-storage.ts';
import { openDraftStorage } from './drafts/draft-storage.ts';
import { Drafts } from './drafts/drafts.ts';
import { PromptHistory } from './drafts/prompt-history.ts';
import { imageLoads } from './image/image-loads.ts';
import { Submissions } from './submission/submissions.ts';

/** The state of the form, which lives as long as the page. */
export interface NewJob {
  readonly drafts: Drafts;
  readonly submissions: Submissions;
  readonly history: PromptHistory;
}

export const NewJobContext = createContext<NewJob | null>(null);

/** @throws outside of a NewJobContext */
export function useNewJob(): NewJob {
  const newJob = use(NewJobContext);
  if (newJob === null) throw new Error('useNewJob needs a NewJobContext around the component.');
  return newJob;
}

const SELECTION_KEY = 'reelgate-draft';

/** Reads the drafts of this browser; never rejects. */
export async function openNewJob(client: Reelgate): Promise<NewJob> {
  const history = new PromptHistory(webStorage('localStorage'));
  const session = webStorage('sessionStorage');
  const drafts = await Drafts.open({
    storage: await openDraftStorage(),
    selection: {
      read: () => session?.getItem(SELECTION_KEY) ?? null,
      write: (id) => session?.setItem(SELECTION_KEY, id),
    },
    newId: newKey,
    now: () => Date.now(),
    random: () => Math.random(),
  });
  const submissions = new Submissions({
    client,
    drafts,
    imageLoads,
    newKey,
    now: () => Date.now(),
    setTimeout: (run, ms) => setTimeout(run, ms),
    onAccepted: (jobs, { settings }) => {
      for (const { id } of jobs) rememberStarted(id);
      history.add(settings.prompt.trim());
    },
  });
  return { drafts, submissions, history };
}

/** `crypto.randomUUID` exists in secure contexts only, not over plain http. */
function newKey(): string {
  return v4();
}
