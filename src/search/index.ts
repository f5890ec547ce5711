export { type CampaignOptions, type CampaignOutcome, type CampaignPart, holdsCampaign, searchAndCompare } from './campaign.js';
export type { SearchEvent } from './context.js';
export type { CostTable } from './cost/table.js';
export { parseSearchRecipe, type SearchRecipe, type SearchRecipeInput, trainingRecipe } from './recipe.js';
export { loadSearchRecipe, searchRecipes } from './recipes.js';
export {
  type Candidate,
  type ComparedNetwork,
  type Comparison,
  type CostUnit,
  type CoursePoint,
  type NetworkCost,
  type SearchResult,
  type Strategy,
  strategies,
} from './result.js';
export { type SearchOptions, search } from './search.js';
export { edgesOf, parseSpace, type SearchSpace } from './space.js';
