export { createReelgateLink } from './link.ts';
export { possibleTypes } from './possible-types.ts';
export { typePolicies } from './type-policies.ts';
