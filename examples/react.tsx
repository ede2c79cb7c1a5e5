import { createReelgate } from '@reelgate/client';
import { ReelgateProvider, useGenerateVideo } from '@reelgate/client/react';

const client = createReelgate({ url: 'http://127.0.0.1:4000/graphql' });

export function App() {
  return (
    <ReelgateProvider client={client}>
      <Generate />
    </ReelgateProvider>
  );
}

function Generate() {
  const { generate, job, error } = useGenerateVideo();
  const start = (image: File) => void generate({ image, prompt: 'The waves roll in' });
  return (
    <main>
      <input type="file" onChange={({ target }) => target.files?.[0] && start(target.files[0])} />
      {job !== null && <p>{job.status}</p>}
      {job?.video?.url != null && <video src={job.video.url} controls />}
      {error !== null && <p role="alert">{error.message}</p>}
    </main>
  );
}
