/** The types of each union and interface. Without them a cache loses the fields that documents select by interfaces. */
export const possibleTypes: Readonly<Record<string, string[]>> = {
  CancelVideoJobResult: ['CancelVideoJobSuccess', 'CancelVideoJobTooLate', 'VideoJobNotFound'],
  DeleteVideoJobResult: ['DeleteVideoJobSuccess', 'DeleteVideoJobUnfinished', 'VideoJobNotFound'],
  GenerateVideoError: [
    'GenerateVideoCapacityExceeded',
    'GenerateVideoIdempotencyConflict',
    'GenerateVideoInvalidInput',
  ],
  GenerateVideoResult: [
    'GenerateVideoCapacityExceeded',
    'GenerateVideoIdempotencyConflict',
    'GenerateVideoInvalidInput',
    'GenerateVideoSuccess',
  ],
  Node: ['VideoJob'],
  ReleaseQuarantinedRecordResult: [
    'ReleaseQuarantinedRecordSuccess',
    'ReleaseQuarantinedRecordUnreadable',
    'VideoJobNotFound',
  ],
  RetryVideoJobNowResult: ['RetryVideoJobNowSuccess', 'RetryVideoJobNowUnchanged', 'VideoJobNotFound'],
};
