import { Link } from 'wouter';

/** The way back to the list. Its arrow, drawn by the style sheet, points against the direction of the text. */
export function BackLink() {
  return (
    <p>
      <Link href="/" className="back">
        All videos
      </Link>
    </p>
  );
}
