/* SPDX-License-Identifier: ISC */
/* line.mjs - a bad line to the server: of a form only half gets through. */
import { connect, createServer } from 'node:net';
import { once } from 'node:events';

/* How much of this piece may go on: of a form that is posted, its headers and half of the rest. */
function half(piece)
{
	const body = piece.indexOf('\r\n\r\n') + 4;

	return piece.subarray(0, piece.length - Math.ceil((piece.length - body) / 2));
}

/* Pass on what comes until a form does; from then on nothing, until the browser is gone. */
function patch(browser, server, cut)
{
	let form = false;

	browser.on('data', piece => {
		if (form)
			return;
		form = piece.toString('latin1').startsWith('POST ');
		server.write(form ? half(piece) : piece);
		if (form)
			cut();
	});
	server.pipe(browser);
	for (const [one, other] of [[browser, server], [server, browser]]) {
		one.on('error', () => other.destroy());
		one.on('close', () => other.destroy());
	}
}

/* To the server at that address. isCut: half of a form is there. */
export async function halfLine(to)
{
	const { hostname, port } = new URL(to);
	const sockets = [];
	let cut;
	const isCut = new Promise(resolve => { cut = resolve; });
	const line = createServer(browser => {
		sockets.push(browser);
		patch(browser, connect(Number(port), hostname), cut);
	});

	line.listen(0, '127.0.0.1');
	await once(line, 'listening');
	return {
		url: `http://127.0.0.1:${line.address().port}`,
		isCut,
		async end()
		{
			line.close();
			await Promise.all(sockets.filter(each => !each.closed)
				.map(each => once(each, 'close')));
		}
	};
}
