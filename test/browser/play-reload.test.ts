/** What the browser keeps of training in the page of `cnnc play`. */
import { afterAll, expect, test } from 'vitest';
import type { History } from '../../runtime/types.ts';
import { digitsData, play } from '../cli/play-support.ts';
import { closeBrowsers, historyOf, inState, openBrowser, openPage, textOf, train } from './play-support.ts';

afterAll(closeBrowsers);

const figure = (value: number): number => Number(value.toPrecision(4));

test('a page that is loaded again goes on where it stood, to the same numbers', async () => {
  const browser = await openBrowser();
  if (!browser) return;
  // Large enough to be stopped in time.
  const options = ['--data', digitsData.replace('1000', '2000'), '--set', 'width=16'];
  const playing = await play({}, ...options, '--epochs', '400');
  const { page, faults } = await openPage(browser, playing);
  const asked: string[] = [];
  page.on('dialog', (dialog) => {
    asked.push(dialog.type());
    void dialog.accept();
  });
  const load = async (): Promise<string> => {
    await page.goto(playing.address);
    await inState(page, 'ready');
    return textOf(page, '#status');
  };
  await page.click('#start');
  await page.waitForSelector('#history tbody tr', { state: 'attached' });
  await page.dispatchEvent('#stop', 'click');
  await inState(page, 'ready');
  const before = await historyOf(page);

  expect(await load()).toMatch(/^(stopped in|trained for) .*, as this browser kept it · training loss/);
  expect(await historyOf(page)).toEqual(before);
  expect(await textOf(page, '#start')).toBe('Continue');
  expect(await textOf(page, '#said-note')).not.toContain('it guesses');
  await expect.poll(() => textOf(page, '#wrong-note')).toMatch(/^Of 200 samples/);
  const epochs = String((before['training loss']?.length ?? 0) + 3);
  await page.fill('#epochs', epochs);
  await train(page);
  const { out } = await playing.folder.cnnc(
    ...['train', 'model.cnn', ...options, '--epochs', epochs, '--json'],
  );
  const { history } = JSON.parse(out.trim().split('\n').at(-1) ?? '') as { history: History };
  const losses = (await historyOf(page))['training loss'];
  expect(losses).toEqual(history.map(({ train }) => figure(train['loss'] ?? 0)));
  expect(await load()).toContain(`trained for ${epochs} epochs, as this browser kept it`);

  await page.click('#again');
  await inState(page, 'ready');
  expect(await load()).toContain('not trained yet');
  expect(asked).toEqual([]);

  // Within an epoch, there is something to lose.
  await page.click('#start');
  await page.waitForSelector('#status:text("batch ")');
  await page.goto(playing.address);
  expect(asked).toEqual(['beforeunload']);
  expect(faults.filter((fault) => !/ERR_ABORTED/.test(fault))).toEqual([]);
}, 120_000);
