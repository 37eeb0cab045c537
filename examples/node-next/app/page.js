// Rendered anew while it runs, at most once a second: so what Next.js writes for that is tried as well.
export const revalidate = 1;

export default function Page() {
  return <p>hello from Next.js at {new Date().toISOString()}</p>;
}
