/** A file that lies inside the executable: its path there. */
declare module "*.ttf" {
  const path: string;
  export default path;
}
