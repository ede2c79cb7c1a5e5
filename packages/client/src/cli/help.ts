const ENVIRONMENT = `Environment:
  REELGATE_URL    the gateway; --url overrides it (default http://127.0.0.1:4000/graphql)
  REELGATE_TOKEN  the token for a gateway with sign-in`;

const COMMON = `  --json          print jobs as JSON, one object a line; errors too, to the standard error
  -q, --quiet     show no progress
  --url URL       the gateway`;

const EXIT_CODES = `Exit codes:
  0    done                          4    the gateway did not answer
  1    the job failed                5    the video could not be saved
  2    wrong arguments or files      130  interrupted by Ctrl+C
  3    the gateway refused           143  ended by SIGTERM`;

/** The texts of --help, by command. */
export const HELP = {
  '': `Usage: reelgate <command> [options]

Generates videos from images through a Reelgate gateway.

Commands:
  generate <image> <prompt>  generate a video and wait for it
  watch [id]                 show the changes of a job until it ends, or of all jobs until Ctrl+C
  list                       list jobs, newest first

Help for a command: reelgate <command> --help

${ENVIRONMENT}

${EXIT_CODES}
`,
  generate: `Usage: reelgate generate <image> <prompt> [options]

Generates a video from an image, which is a PNG, JPEG or WebP file or an http or https URL.
Prints the path of the saved video, or its URL without -o.

Options:
  -o, --output FILE          save the video to this file
  -f, --force                replace the file if it exists
  --negative-prompt TEXT     what the video should not show
  --resolution 360|480|576   longest side in pixels (default 480)
  --length SECONDS           1 to 5 (default 3)
  --steps N                  10 to 70 (default 30)
  --seed N                   a whole number, or "random"
  --idempotency-key KEY      the same key gives the same job, so that a repeated command makes no second one
${COMMON}

Example:
  reelgate generate photo.jpg "the waves roll in" -o wave.mp4

Ctrl+C stops waiting. An accepted job continues: "reelgate watch <id> -o FILE" waits again.

${ENVIRONMENT}

${EXIT_CODES}
`,
  watch: `Usage: reelgate watch [id] [options]

Shows the changes of a job until it ends. Without an id: of all jobs, until Ctrl+C.

Options:
  -o, --output FILE  save the video of the job to this file
  -f, --force        replace the file if it exists
${COMMON}

${ENVIRONMENT}

${EXIT_CODES}
`,
  list: `Usage: reelgate list [options]

Lists jobs, newest first.

Options:
  -n, --limit N      at most this many jobs (default 20)
  --status STATUS    only queued, processing, completed or failed jobs; may be repeated
  --search TEXT      only jobs whose prompt contains these words
${COMMON}

${ENVIRONMENT}

${EXIT_CODES}
`,
} as const;
