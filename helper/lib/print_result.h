/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The exit status of vserial-print, by which vseriald knows what became of a job. */
#ifndef HELPER_PRINT_RESULT_H
#define HELPER_PRINT_RESULT_H

/**
 * enum print_result - what became of a job
 * @PRINT_DONE: the printer has it
 * @PRINT_REFUSED: it will never take it
 * @PRINT_AGAIN: it may another time
 */
enum print_result {
	PRINT_DONE = 0,
	PRINT_REFUSED = 65,
	PRINT_AGAIN = 75,
};

#endif
