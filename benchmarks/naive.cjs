// A group chat as one writes it in an afternoon: each message is serialised and written for each member by itself.
const net = require('node:net');

const members = [];
let seq = 0;
const server = net.createServer((socket) => {
  let buffer = '';
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.on('close', () => {
    if (members.includes(socket)) members.splice(members.indexOf(socket), 1);
  });
  socket.on('data', (data) => {
    buffer += data;
    const lines = buffer.split('\n');
    buffer = lines.pop();
    for (const line of lines) {
      const request = JSON.parse(line);
      const { id, ...fields } = request;
      seq += 1;
      const action = 'server-' + request.action.replace('client-', '');
      const answer = { ...fields, action, ts: new Date().toISOString(), seq };
      if (request.action === 'join') members.push(socket);
      if (request.action === 'gbroadcast') {
        for (const member of members) {
          if (member !== socket) member.write(JSON.stringify(answer) + '\n');
        }
      }
      socket.write(JSON.stringify({ ...answer, id }) + '\n');
    }
  });
});
server.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));
