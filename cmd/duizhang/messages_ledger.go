package main

// What is said of the ledger and of decisions.
var (
	msgLedgerBusy            = message{"账本 %s 正被另一次对账占用（进程 %d，主机 %s，自 %s）；稍后再试，或加大 --lock-wait", "the ledger %s is held by another run (pid %d on %s, since %s); try later, or give a longer --lock-wait"}
	msgLedgerBusyUnknown     = message{"账本 %s 正被另一个程序占用；稍后再试，或加大 --lock-wait", "the ledger %s is held by another program; try later, or give a longer --lock-wait"}
	msgLedgerMoved           = message{"账本 %s 在此期间已由另一次对账写入（%s）；没有写入账本，请重新运行", "the ledger %s was written by another run meanwhile (night of %s); it was not changed, run again"}
	msgLedgerOrder           = message{"账本的最后一晚是 %s，不能再对更早的日子；要重做，先用 duizhang undo %s 撤销最后一晚", "the ledger's last night is %s, an earlier day is out of order; to do it again, first drop the last night: duizhang undo %s"}
	msgLedgerNewer           = message{"账本 %s 是较新版本的程序写的（%s）；请升级 duizhang，账本没有改动", "the ledger %s was written by a newer program (%s); upgrade duizhang, the ledger is unchanged"}
	msgLedgerDamaged         = message{"账本 %s 已损坏（%s）；请从备份恢复，程序不会自行新建", "the ledger %s is damaged (%s); restore it from a backup, it is never made anew silently"}
	msgLedgerNot             = message{"%s 不是 duizhang 的账本（%s）；请改用别的文件名，或从备份恢复", "%s is not a ledger of duizhang (%s); give another name, or restore it from a backup"}
	msgLedgerMissing         = message{"没有账本 %s；先用 run --ledger 建立", "there is no ledger %s; run --ledger makes one"}
	msgLedgerNotEmpty        = message{"账本 %s 里已有记录", "the ledger %s holds nights already"}
	msgLedgerTooOld          = message{"%s 这一晚已不能撤销：它结清的内容不再保留", "the night of %s cannot be undone any more: what it closed is no longer kept"}
	msgLedgerUnreachable     = message{"账本 %s 打不开：%s", "the ledger %s cannot be opened: %s"}
	msgDecisionsNoLedger     = message{"--decisions 需要 --ledger", "--decisions needs --ledger"}
	msgDecisionsUnreadable   = message{"读不出处理结果文件 %s", "cannot read the decisions %s"}
	msgDecisionsNoColumn     = message{"%s：没有“编号”(item_id) 这一列；第一行应是 item_id,decision,note,by", "%s: no column item_id; the first line should be item_id,decision,note,by"}
	msgDecisionUnknownItem   = message{"%[1]s：编号 %[2]s 不在未了结的事项里；请核对编号", "%[1]s: %[2]s is no open item; check the id"}
	msgDecisionUnknownWord   = message{"%[1]s：%[2]s 的处理结果“%[3]s”不认识；可用 accept、reject、claimed、adjusted、written_off、hold、open", "%[1]s: %[2]s: unknown decision %[3]q; use accept, reject, claimed, adjusted, written_off, hold or open"}
	msgDecisionSenseless     = message{"%[1]s：%[2]s 现在是 %[4]s，不能 %[3]s", "%[1]s: %[2]s is %[4]s now, %[3]s makes no sense for it"}
	msgDecisionContradiction = message{"%[1]s：%[2]s 有互相矛盾的处理结果（%[3]s），都没有采用", "%[1]s: %[2]s has contradicting decisions (%[3]s); none was applied"}
	msgDecisionClosed        = message{"%[1]s：%[2]s 此前已了结，处理结果 %[3]s 没有采用", "%[1]s: %[2]s has closed meanwhile, the decision %[3]s was not applied"}
	msgReportUnreadable      = message{"上一份报告 %s 有改动，但读不出来（%s）；其中的处理结果没有采用，请另存为没有密码的 .xlsx 后用 --decisions 给出", "the last report %s was changed and cannot be read (%s); what was decided in it was not applied: save it as .xlsx without a password and give it with --decisions"}
	msgReportAside           = message{"已读入 %s 里的处理结果，原表移为 %s", "the decisions in %s were read; it is now %s"}
	msgAlreadyRead           = message{"已读 %s", "read %s"}
	msgForetoldMore          = message{"另有 %d 条处理结果，见报告的运行记录", "%d further decisions, see the report's run log"}
	msgEffectAccept          = message{"原为 %[1]s（%[2]s 元）→ 照此确认，了结", "%[1]s (%[2]s) → taken as it is, closed"}
	msgEffectPair            = message{"疑似匹配（%[2]s 元）→ 确认为同一笔，了结", "suggested (%[2]s) → matched, closed"}
	msgEffectPlace           = message{"原为 %[1]s（%[2]s 元）→ 归到提示的结算批次", "%[1]s (%[2]s) → goes to the settlement of its hint"}
	msgEffectReject          = message{"原为 %[1]s（%[2]s 元）→ 不再提示为同一笔", "%[1]s (%[2]s) → never proposed again"}
	msgEffectClaimed         = message{"原为 %[1]s（%[2]s 元）→ 已申请补划，继续跟踪", "%[1]s (%[2]s) → claimed, followed until the money comes"}
	msgEffectClosed          = message{"原为 %[1]s（%[2]s 元）→ %[3]s，了结", "%[1]s (%[2]s) → closed as %[3]s"}
	msgEffectHold            = message{"原为 %[1]s（%[2]s 元）→ 挂起，不算差异", "%[1]s (%[2]s) → put aside, no difference"}
	msgEffectOpen            = message{"原为 %[1]s（%[2]s 元）→ 收回此前的处理结果", "%[1]s (%[2]s) → the former decision is taken back"}
	msgEffectNote            = message{"原为 %[1]s（%[2]s 元）→ 只记备注", "%[1]s (%[2]s) → a note only"}
	msgWhyUnknownItem        = message{"没有采用：编号不在未了结的事项里", "not applied: the id is that of no open item"}
	msgWhyUnknownWord        = message{"没有采用：处理结果“%[2]s”不认识", "not applied: %[2]q is no decision"}
	msgWhySenseless          = message{"没有采用：现在是 %[1]s，不能 %[2]s", "not applied: %[2]s makes no sense for %[1]s"}
	msgWhyContradiction      = message{"没有采用：同一项有互相矛盾的处理结果", "not applied: the item has contradicting decisions"}
	msgWhyClosed             = message{"没有采用：此前已了结", "not applied: it has closed meanwhile"}
	msgFileRepeats           = message{"%s：与较早的 %s 重叠，%d 行此前已有，只算一次（较早的文件另有 %d 行这里没有）", "%s: repeats the earlier %s; %d rows came before and count once (%d rows of the earlier one are not in it)"}
	msgFileMissing           = message{"缺清算文件：%s %s %s", "clearing file missing: %s %s %s"}
	msgClosedByRow           = message{"原为 %s，因今晚的行成为 %s", "was %s, is %s by rows of this night"}
	msgClosedByCredit        = message{"原为 %s，到账后成为 %s", "was %s, is %s by a bank credit"}
	msgClosedByDecision      = message{"原为 %s，由人处理为 %s", "was %s, closed by a decision as %s"}
	msgClosedByAge           = message{"%[1]s 已逾保留期限，不再跟踪", "%[1]s for longer than it is followed"}
	msgClosedInto            = message{"；并入 %s", "; goes on as %s"}
	msgClosedSaid            = message{"；%s：%s", "; %s: %s"}
	msgUndoShort             = message{"撤销账本的最后一晚", "drop the last night of a ledger"}
	msgUndoLong              = message{"把账本退回到最后一晚之前的样子；磁盘上的报告不动。只能撤销最后一晚。", "Puts the ledger back to what it was before its last night; reports on disk are left. Only the last night can be dropped."}
	msgExitUndo              = message{"  0    已撤销\n  2    命令行有误，或没有这个账本\n  5    不是最后一晚，或账本不能用\n", "  0    it is dropped\n  2    usage, or there is no such ledger\n  5    it is not the last night, or the ledger cannot be used\n"}
	msgNoLedgerNamed         = message{"没有指定账本；请给出 --ledger 或设置 DUIZHANG_LEDGER", "no ledger named; give --ledger or set DUIZHANG_LEDGER"}
	msgUndoNotLast           = message{"%s 不是最后一晚；账本的最后一晚是 %s，只能撤销这一晚", "%s is not the last night; the ledger's last night is %s, and only that can be dropped"}
	msgUndone                = message{"已撤销 %s；报告 %s 没有删除", "dropped the night of %s; the report %s is left"}
)
