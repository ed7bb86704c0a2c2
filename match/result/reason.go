package result

// Reasons of transaction groups.
const (
	NoReason ReasonCode = iota
	// ReasonAgrees: both sides carry the key and the amounts agree.
	ReasonAgrees
	// ReasonSplit: N rows of one side add up to the other side.
	ReasonSplit
	// ReasonLess, ReasonMore: Amount is clearing − sold, in fen.
	ReasonLess
	ReasonMore
	// ReasonCreditedLess, ReasonCreditedMore: cleared in full, but the clearing
	// file's own credited amount differs from the net by Amount.
	ReasonCreditedLess
	ReasonCreditedMore
	// ReasonKindConflict: a sale against a refund. ReasonStatusConflict: one side failed.
	ReasonKindConflict
	ReasonStatusConflict
	// ReasonNoCandidate: nothing on the other side comes near.
	ReasonNoCandidate
	// ReasonKeyTaken: Other carries the same key but is already in a group
	// with another row.
	ReasonKeyTaken
	// ReasonOtherAmount: Other would fit but its amount differs by Amount.
	ReasonOtherAmount
	// ReasonOtherTime: Other would fit but is Seconds away, beyond the window.
	ReasonOtherTime
	// ReasonKeyDays: Other carries the same key but is N days away.
	ReasonKeyDays
	// ReasonOtherCard: Other would fit but its card tail conflicts.
	ReasonOtherCard
	// ReasonTie: N candidates fit equally well, none is chosen.
	ReasonTie
	// ReasonDuplicate: Other is the row that this one repeats.
	ReasonDuplicate
	// ReasonVoided: Other is the void (or the sale) that cancels it.
	ReasonVoided
	// ReasonSuggested: same place, amount and kind; Seconds apart.
	ReasonSuggested
	// ReasonLeadingZeros: the identifiers differ only in leading zeros.
	ReasonLeadingZeros
	// ReasonAfterCutoff: sold after the cut-off; its clearing day is Day.
	ReasonAfterCutoff
	// ReasonFileNotDue: the clearing file of Day is not due yet.
	ReasonFileNotDue
	// ReasonNoFile: the clearing file of Day never came.
	ReasonNoFile
	// ReasonFailed: failed on the side that has it. ReasonPending: not final.
	ReasonFailed
	ReasonPending
	// ReasonNoMoney: a pre-authorisation or the like.
	ReasonNoMoney
	// ReasonPayoutRow: the row pays out, it is no transaction.
	ReasonPayoutRow

	// Reasons of settlements.

	// ReasonUnchecked: no bank side covers the account.
	ReasonUnchecked
	// ReasonPaid: credited in full. ReasonPaidLate: after the due date, by N days.
	ReasonPaid
	ReasonPaidLate
	// ReasonShortHeld: short by Amount; exactly one set of N rows explains it.
	ReasonShortHeld
	// ReasonShortMany: short by Amount; N sets of the same size would explain it.
	ReasonShortMany
	// ReasonShortOpen: short by Amount; no set of rows explains it.
	ReasonShortOpen
	// ReasonShortGaveUp: short by Amount; no set of up to N rows explains it, larger
	// ones were not looked at.
	ReasonShortGaveUp
	// ReasonNotPaid: nothing came. ReasonNotDue: nothing came and it is not due.
	ReasonNotPaid
	ReasonNotDue
	// ReasonOverpaid: Amount more than the net came.
	ReasonOverpaid
	// ReasonNegative: the net is negative; Amount is carried forward.
	ReasonNegative
	// ReasonReopened: a payout was returned on Day and not paid again.
	ReasonReopened
	// ReasonClaimDiffers: the acquirer says settled on Day, the bank does not show it.
	ReasonClaimDiffers

	// Reasons of credits.

	// ReasonByReference … ReasonByRest: the pass that placed a credit, on N
	// settlements; for ReasonManyToOne N credits pay one settlement.
	ReasonByReference
	ReasonOneToOne
	ReasonOneToMany
	ReasonManyToOne
	ReasonByRest
	// ReasonNotAcquirer: payer and remark name no acquirer.
	ReasonNotAcquirer
	// ReasonNoSettlement: from an acquirer, but no settlement wants it.
	ReasonNoSettlement
	// ReasonTwoWays: N settlements or sets could take it.
	ReasonTwoWays
	// ReasonSearchGaveUp: the exact search was stopped at its limit.
	ReasonSearchGaveUp
	// ReasonReturnedPayout: a returned payout (退票/冲账); Other is the credit it reverses.
	ReasonReturnedPayout
	// ReasonOutgoing: money going out, no credit.
	ReasonOutgoing
	// ReasonAfterAsOf: the line is of a day after the as-of day.
	ReasonAfterAsOf
	// ReasonOldAccount: placed by amount and day, on an account that the
	// contract does not name.
	ReasonOldAccount
	// ReasonPayoutList: a line of the acquirer's own payout list; the statement
	// of the same account decides what came.
	ReasonPayoutList
	// ReasonFailedPayout: the acquirer's payout failed; nothing came.
	ReasonFailedPayout

	// Evidence of flags.

	// ReasonOverLimit: a sale is larger than the contract's limit of Amount.
	ReasonOverLimit
	// ReasonRepeatSwipe: one of N sales with one card at one terminal within
	// Seconds from the first to the last.
	ReasonRepeatSwipe
	// ReasonRefundLate: done after N business days, where Day was the last one
	// that the contract allows.
	ReasonRefundLate

	// ReasonFileAccount: the clearing file pays a settlement to an account that
	// the contract does not name. ReasonPaidAccount: the bank line Other came to one.
	ReasonFileAccount
	ReasonPaidAccount

	// More reasons of settlements.

	// ReasonMayBePaid: not fully credited, but N bank lines that could pay it
	// could not be told apart.
	ReasonMayBePaid
	// ReasonNetted: nothing is owed: what was carried into it uses it up.
	ReasonNetted

	// More evidence of flags.

	// ReasonRefundOpen: not done after N business days, where Day was the last
	// one that the contract allows.
	ReasonRefundOpen

	// More reasons of credits.

	// ReasonNamedPart: it names the merchant and is a part of what its
	// settlement lacks.
	ReasonNamedPart
	// ReasonOneOfEqual: N settlements and as many lines of one amount: all are
	// paid, but who pays whom cannot be told.
	ReasonOneOfEqual
	// ReasonStranger: it names a merchant number that no file or contract knows.
	ReasonStranger
	// ReasonStray: the acquirer's money, but its remark says that it is for
	// something else than sales.
	ReasonStray
	// ReasonChance: a set of settlements has its sum, but among round amounts
	// such sums come about by chance.
	ReasonChance
	// ReasonStatementEnds: due after Day, where the account's statement ends.
	ReasonStatementEnds
	// ReasonWithoutCopies: credited in full once N rows that stand in the
	// clearing file twice, of Amount, are taken out of the net.
	ReasonWithoutCopies
	// ReasonNetOfCopies: it is what the settlement lacks once rows that stand
	// twice in the clearing file are taken out.
	ReasonNetOfCopies

	// More reasons of transaction groups.

	// ReasonBothPending: both sides still wait; Amount is clearing − sold, in fen.
	ReasonBothPending
	// ReasonKeyEven: as ReasonKeyTaken, but the row that Other was paired with is
	// no nearer to it in time: which of the two it was is arbitrary.
	ReasonKeyEven
	// ReasonNotLeft: as ReasonNoCandidate, but whether a row that is matched
	// carries the number is not known.
	ReasonNotLeft
	// ReasonRivals: Other fits, and N rows of this side fit it equally well.
	// ReasonNearerRival: Other fits, but another row of this side fits it better.
	ReasonRivals
	ReasonNearerRival
	// ReasonNumberDiffers: same amount and kind, Seconds apart, and a number (of
	// key N) that differs by one character or in its writing.
	ReasonNumberDiffers
	// ReasonDigitsSwapped: same terminal and kind, Seconds apart; the amounts
	// differ by two digits that are swapped. ReasonNetOfFee: by the fee, Amount.
	ReasonDigitsSwapped
	ReasonNetOfFee

	// Further evidence of flags.

	// ReasonDueDiffers: the acquirer promises the money for Day, the contract for
	// the day whose number is N.
	ReasonDueDiffers
)
