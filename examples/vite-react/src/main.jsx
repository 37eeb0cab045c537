import { createRoot } from 'react-dom/client';

function App() {
  return <p>hello from {window.location.pathname}</p>;
}

createRoot(document.getElementById('root')).render(<App />);
