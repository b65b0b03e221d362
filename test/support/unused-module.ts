/** In the place of a module that no test uses. */
export default {};
