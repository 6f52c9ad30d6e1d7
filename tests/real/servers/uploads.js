// Node.js: PUT /NAME.  MODE says what becomes of a body: stream, buffer or keep.
const http = require('http'), fs = require('fs'), path = require('path'), { pipeline } = require('stream');
const mode = process.argv[2], kept = [];

// The memory of a buffer is freed beside the program, after the collection that found it: a second one waits for that.
function collect(response) {
  global.gc();
  setTimeout(() => { global.gc(); response.end(); }, 200);
}

http.createServer((request, response) => {
  if (request.url === '/healthz') return response.end('ok');
  if (request.url === '/collect') return collect(response);
  const file = path.join(process.env.OOMRIG_DATA, path.basename(request.url));
  const done = (error) => { response.statusCode = error ? 500 : 201; response.end(); };
  if (mode === 'stream') return pipeline(request, fs.createWriteStream(file), done);
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const body = Buffer.concat(parts);
    parts.length = 0;
    if (mode === 'keep') kept.push(body);
    fs.writeFile(file, body, done);
  });
}).listen(Number(process.argv[3]), '127.0.0.1');
