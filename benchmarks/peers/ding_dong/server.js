// A gate as one would write it with Node: ding-dong for AGI, ioredis for the store, libphonenumber-js for the number.
// One look-up, one answer, no rules, no log.
//
//     node server.js STORE_URL          says `listening on PORT`
'use strict';

const AGIServer = require('ding-dong');
const Redis = require('ioredis');
const { parsePhoneNumberFromString } = require('libphonenumber-js');

const store = new Redis(process.argv[2]);

async function decide(context) {
  const variables = await context.onEvent('variables');
  const number = parsePhoneNumberFromString(variables.agi_arg_1, 'IT');
  const check = number && await store.get(`registry:acme:${number.number}`);
  await context.setVariable('GATE_VERDICT', check && check.startsWith('0') ? 'ALLOW' : 'DENY');
  await context.end();
}

// a number 0 would be ding-dong's default port, 3000
const server = new AGIServer((context) => { decide(context).catch(() => context.end()); }).start('0', '127.0.0.1');
server.on('listening', () => console.log(`listening on ${server.address().port}`));
