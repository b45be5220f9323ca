"""XpulpV2 as the kernels use it, in the PULP encoding map (not that of CORE-V).

Sources: the encodings published with RI5CY and riscv-binutils (PULP branch); meanings as in the
CV32E40P user manual, which describes the same instructions under other encodings.
"""

from .encoding import parse_table

__all__ = ["XPULP"]

_MEMORY = """
p.lb.post   ||| simm[11:0] rs1 000 rd 0001011          ||| load.b post  ||| rd = sext(mem8[rs1]); rs1 += imm
p.lh.post   ||| simm[11:0] rs1 001 rd 0001011          ||| load.h post  ||| rd = sext(mem16[rs1]); rs1 += imm
p.lw.post   ||| simm[11:0] rs1 010 rd 0001011          ||| load.w post  ||| rd = mem32[rs1]; rs1 += imm
p.lbu.post  ||| simm[11:0] rs1 100 rd 0001011          ||| load.bu post ||| rd = zext(mem8[rs1]); rs1 += imm
p.lhu.post  ||| simm[11:0] rs1 101 rd 0001011          ||| load.hu post ||| rd = zext(mem16[rs1]); rs1 += imm
p.elw.post  ||| simm[11:0] rs1 110 rd 0001011          ||| load.w post  ||| event load: rd = mem32[rs1]; rs1 += imm
p.elw       ||| simm[11:0] rs1 110 rd 0000011          ||| load.w       ||| event load: rd = mem32[rs1 + imm]; the port answers when the event is there
p.lb.rpost  ||| 0000000 rs2 rs1 111 rd 0001011         ||| load.b post  ||| rd = sext(mem8[rs1]); rs1 += rs2
p.lh.rpost  ||| 0001000 rs2 rs1 111 rd 0001011         ||| load.h post  ||| rd = sext(mem16[rs1]); rs1 += rs2
p.lw.rpost  ||| 0010000 rs2 rs1 111 rd 0001011         ||| load.w post  ||| rd = mem32[rs1]; rs1 += rs2
p.lbu.rpost ||| 0100000 rs2 rs1 111 rd 0001011         ||| load.bu post ||| rd = zext(mem8[rs1]); rs1 += rs2
p.lhu.rpost ||| 0101000 rs2 rs1 111 rd 0001011         ||| load.hu post ||| rd = zext(mem16[rs1]); rs1 += rs2
p.lb.reg    ||| 0000000 rs2 rs1 111 rd 0000011         ||| load.b       ||| rd = sext(mem8[rs1 + rs2])
p.lh.reg    ||| 0001000 rs2 rs1 111 rd 0000011         ||| load.h       ||| rd = sext(mem16[rs1 + rs2])
p.lw.reg    ||| 0010000 rs2 rs1 111 rd 0000011         ||| load.w       ||| rd = mem32[rs1 + rs2]
p.lbu.reg   ||| 0100000 rs2 rs1 111 rd 0000011         ||| load.bu      ||| rd = zext(mem8[rs1 + rs2])
p.lhu.reg   ||| 0101000 rs2 rs1 111 rd 0000011         ||| load.hu      ||| rd = zext(mem16[rs1 + rs2])
p.sb.post   ||| simm[11:5] rs2 rs1 000 simm[4:0] 0101011 ||| store.b post ||| mem8[rs1] = rs2; rs1 += imm
p.sh.post   ||| simm[11:5] rs2 rs1 001 simm[4:0] 0101011 ||| store.h post ||| mem16[rs1] = rs2; rs1 += imm
p.sw.post   ||| simm[11:5] rs2 rs1 010 simm[4:0] 0101011 ||| store.w post ||| mem32[rs1] = rs2; rs1 += imm
p.sb.rpost  ||| 0000000 rs2 rs1 100 rs3 0101011        ||| store.b post ||| mem8[rs1] = rs2; rs1 += rs3
p.sh.rpost  ||| 0000000 rs2 rs1 101 rs3 0101011        ||| store.h post ||| mem16[rs1] = rs2; rs1 += rs3
p.sw.rpost  ||| 0000000 rs2 rs1 110 rs3 0101011        ||| store.w post ||| mem32[rs1] = rs2; rs1 += rs3
p.sb.reg    ||| 0000000 rs2 rs1 100 rs3 0100011        ||| store.b      ||| mem8[rs1 + rs3] = rs2
p.sh.reg    ||| 0000000 rs2 rs1 101 rs3 0100011        ||| store.h      ||| mem16[rs1 + rs3] = rs2
p.sw.reg    ||| 0000000 rs2 rs1 110 rs3 0100011        ||| store.w      ||| mem32[rs1 + rs3] = rs2
"""

_LOOP = """
lp.starti   ||| uimm[12:1] 00000 000 0000 loop[0] 1111011       ||| loop.starti ||| start of the loop = pc + imm
lp.endi     ||| uimm[12:1] 00000 001 0000 loop[0] 1111011       ||| loop.endi   ||| last instruction of the loop = pc + imm
lp.count    ||| 000000000000 rs1 010 0000 loop[0] 1111011       ||| loop.count  ||| iterations of the loop = rs1
lp.counti   ||| count[11:0] 00000 011 0000 loop[0] 1111011      ||| loop.counti ||| iterations of the loop = count
lp.setup    ||| uimm[12:1] rs1 100 0000 loop[0] 1111011         ||| loop.setup  ||| start = next instruction; last instruction = pc + imm; iterations = rs1
lp.setupi   ||| count[11:0] uimm5[5:1] 101 0000 loop[0] 1111011 ||| loop.setupi ||| start = next instruction; last instruction = pc + uimm5; iterations = count
p.beqimm    ||| simm[12|10:5] simm5[4:0] rs1 010 simm[4:1|11] 1100011 ||| branch.eq ||| if rs1 == simm5: pc += imm
p.bneimm    ||| simm[12|10:5] simm5[4:0] rs1 011 simm[4:1|11] 1100011 ||| branch.ne ||| if rs1 != simm5: pc += imm
"""

_MAC = """
p.mac       ||| 0100001 rs2 rs1 000 rd 0110011 ||| multiply.mac acc ||| rd += rs1 * rs2
p.msu       ||| 0100001 rs2 rs1 001 rd 0110011 ||| multiply.msu acc ||| rd -= rs1 * rs2
"""

_BITS = """
p.abs       ||| 0000010 00000 rs1 000 rd 0110011 ||| bits.abs      ||| rd = |rs1|
p.slet      ||| 0000010 rs2 rs1 010 rd 0110011   ||| bits.le       ||| rd = rs1 <= rs2 (signed)
p.sletu     ||| 0000010 rs2 rs1 011 rd 0110011   ||| bits.leu      ||| rd = rs1 <= rs2 (unsigned)
p.min       ||| 0000010 rs2 rs1 100 rd 0110011   ||| bits.min      ||| rd = the smaller of rs1 and rs2 (signed)
p.minu      ||| 0000010 rs2 rs1 101 rd 0110011   ||| bits.minu     ||| rd = the smaller of rs1 and rs2 (unsigned)
p.max       ||| 0000010 rs2 rs1 110 rd 0110011   ||| bits.max      ||| rd = the greater of rs1 and rs2 (signed)
p.maxu      ||| 0000010 rs2 rs1 111 rd 0110011   ||| bits.maxu     ||| rd = the greater of rs1 and rs2 (unsigned)
p.ror       ||| 0000100 rs2 rs1 101 rd 0110011   ||| bits.ror      ||| rd = rs1 rotated right by rs2[4:0]
p.ff1       ||| 0001000 00000 rs1 000 rd 0110011 ||| bits.ff1      ||| rd = position of the lowest one of rs1; 32 if there is none
p.fl1       ||| 0001000 00000 rs1 001 rd 0110011 ||| bits.fl1      ||| rd = position of the highest one of rs1; 32 if there is none
p.clb       ||| 0001000 00000 rs1 010 rd 0110011 ||| bits.clb      ||| rd = bits below the sign bit of rs1 that repeat it; 0 if rs1 is 0
p.cnt       ||| 0001000 00000 rs1 011 rd 0110011 ||| bits.cnt      ||| rd = number of ones in rs1
p.exths     ||| 0001000 00000 rs1 100 rd 0110011 ||| bits.exths    ||| rd = sext(rs1[15:0])
p.exthz     ||| 0001000 00000 rs1 101 rd 0110011 ||| bits.exthz    ||| rd = zext(rs1[15:0])
p.extbs     ||| 0001000 00000 rs1 110 rd 0110011 ||| bits.extbs    ||| rd = sext(rs1[7:0])
p.extbz     ||| 0001000 00000 rs1 111 rd 0110011 ||| bits.extbz    ||| rd = zext(rs1[7:0])
p.clip      ||| 0001010 uimm[4:0] rs1 001 rd 0110011 ||| bits.clip   ||| rd = rs1 limited to -2**(imm-1) .. 2**(imm-1)-1; to -1 .. 0 if imm is 0
p.clipu     ||| 0001010 uimm[4:0] rs1 010 rd 0110011 ||| bits.clipu  ||| rd = rs1 limited to 0 .. 2**(imm-1)-1; to 0 if imm is 0
p.clipr     ||| 0001010 rs2 rs1 101 rd 0110011   ||| bits.clipr    ||| rd = rs1 limited to -(rs2+1) .. rs2, the lower bound first
p.clipur    ||| 0001010 rs2 rs1 110 rd 0110011   ||| bits.clipur   ||| rd = rs1 limited to 0 .. rs2, the lower bound first
p.extract   ||| 11 uimm[9:0] rs1 000 rd 0110011  ||| bits.extract  ||| rd = sext(rs1[min(p+n, 31):p]), n = imm[9:5], p = imm[4:0]
p.extractu  ||| 11 uimm[9:0] rs1 001 rd 0110011  ||| bits.extractu ||| rd = zext(rs1[min(p+n, 31):p]), n = imm[9:5], p = imm[4:0]
p.insert    ||| 11 uimm[9:0] rs1 010 rd 0110011  ||| bits.insert rmw ||| rd[min(p+n, 31):p] = rs1[n:0], n = imm[9:5], p = imm[4:0]
p.bclr      ||| 11 uimm[9:0] rs1 011 rd 0110011  ||| bits.bclr     ||| rd = rs1 with bits p+n .. p zero, n = imm[9:5], p = imm[4:0]
p.bset      ||| 11 uimm[9:0] rs1 100 rd 0110011  ||| bits.bset     ||| rd = rs1 with bits p+n .. p one, n = imm[9:5], p = imm[4:0]
p.extractr  ||| 1000000 rs2 rs1 000 rd 0110011   ||| bits.extract  ||| as p.extract, imm = rs2[9:0]
p.extractur ||| 1000000 rs2 rs1 001 rd 0110011   ||| bits.extractu ||| as p.extractu, imm = rs2[9:0]
p.insertr   ||| 1000000 rs2 rs1 010 rd 0110011   ||| bits.insert rmw ||| as p.insert, imm = rs2[9:0]
p.bclrr     ||| 1000000 rs2 rs1 011 rd 0110011   ||| bits.bclr     ||| as p.bclr, imm = rs2[9:0]
p.bsetr     ||| 1000000 rs2 rs1 100 rd 0110011   ||| bits.bset     ||| as p.bset, imm = rs2[9:0]
"""

# Packed SIMD: name, operation bits 31:26, operation, kind. Kinds: v lanes by lanes, all six
# variants, signed immediate; u the same with unsigned immediate; a one operand; i lane number.
_SIMD = """
add 000000 v, sub 000010 v, avg 000100 v, avgu 000110 u, min 001000 v, minu 001010 u, max 001100 v,
maxu 001110 u, srl 010000 u, sra 010010 u, sll 010100 u, or 010110 v, xor 011000 v, and 011010 v,
abs 011100 a, extract 011110 i, extractu 100100 i, insert 101100 i,
cmpeq 000001 v, cmpne 000011 v, cmpgt 000101 v, cmpge 000111 v, cmplt 001001 v, cmple 001011 v,
cmpgtu 001101 u, cmpgeu 001111 u, cmpltu 010001 u, cmpleu 010011 u
"""

_PERMUTE = """
pv.shuffle.h       ||| 110000 0 rs2 rs1 000 rd 1010111                 ||| permute.shuffle_h      ||| rd.h[i] = rs1.h[rs2.h[i][0]]
pv.shuffle.sci.h   ||| 110000 zimm6[0] zimm6[5:1] rs1 110 rd 1010111   ||| permute.shuffle_imm_h  ||| rd.h[i] = rs1.h[imm6[i]]
pv.shuffle.b       ||| 110000 0 rs2 rs1 001 rd 1010111                 ||| permute.shuffle_b      ||| rd.b[i] = rs1.b[rs2.b[i][1:0]]
pv.shufflei0.sci.b ||| 110000 zimm6[0] zimm6[5:1] rs1 111 rd 1010111   ||| permute.shuffle_i0     ||| rd.b[3] = rs1.b[0]; rd.b[i] = rs1.b[imm6[2i+1:2i]] for i < 3
pv.shufflei1.sci.b ||| 111010 zimm6[0] zimm6[5:1] rs1 111 rd 1010111   ||| permute.shuffle_i1     ||| rd.b[3] = rs1.b[1]; rd.b[i] = rs1.b[imm6[2i+1:2i]] for i < 3
pv.shufflei2.sci.b ||| 111100 zimm6[0] zimm6[5:1] rs1 111 rd 1010111   ||| permute.shuffle_i2     ||| rd.b[3] = rs1.b[2]; rd.b[i] = rs1.b[imm6[2i+1:2i]] for i < 3
pv.shufflei3.sci.b ||| 111110 zimm6[0] zimm6[5:1] rs1 111 rd 1010111   ||| permute.shuffle_i3     ||| rd.b[3] = rs1.b[3]; rd.b[i] = rs1.b[imm6[2i+1:2i]] for i < 3
pv.shuffle2.h      ||| 110010 0 rs2 rs1 000 rd 1010111                 ||| permute.shuffle2_h rmw ||| rd.h[i] = (rs2.h[i][1] ? rs1 : rd).h[rs2.h[i][0]]
pv.shuffle2.b      ||| 110010 0 rs2 rs1 001 rd 1010111                 ||| permute.shuffle2_b rmw ||| rd.b[i] = (rs2.b[i][2] ? rs1 : rd).b[rs2.b[i][1:0]]
pv.pack            ||| 110100 0 rs2 rs1 000 rd 1010111                 ||| permute.pack           ||| rd = {rs1.h[0], rs2.h[0]}
pv.pack.h          ||| 110100 1 rs2 rs1 000 rd 1010111                 ||| permute.pack_h         ||| rd = {rs1.h[1], rs2.h[1]}
pv.packhi.b        ||| 110110 0 rs2 rs1 001 rd 1010111                 ||| permute.packhi rmw     ||| rd.b[3] = rs1.b[0]; rd.b[2] = rs2.b[0]
pv.packlo.b        ||| 111000 0 rs2 rs1 001 rd 1010111                 ||| permute.packlo rmw     ||| rd.b[1] = rs1.b[0]; rd.b[0] = rs2.b[0]
"""

_VARIANTS = ((".h", "0 rs2", "000"), (".sc.h", "0 rs2", "100"), (".sci.h", None, "110"),
             (".b", "0 rs2", "001"), (".sc.b", "0 rs2", "101"), (".sci.b", None, "111"))


def _simd_lines():
    for item in _SIMD.replace("\n", " ").split(","):
        name, bits, kind = item.split()
        for suffix, second, f3 in _VARIANTS:
            if (kind == "a" and ".sc" in suffix) or (kind == "i" and ".sci" not in suffix):
                continue
            immediate = "simm6" if kind == "v" else "zimm6"
            fields = second or f"{immediate}[0] {immediate}[5:1]"
            # Lane instructions are written without .sci, which is the only form they have.
            shown = suffix.replace(".sci", "") if kind == "i" else suffix
            operand = {"a": "0 00000"}.get(kind, fields)
            flags = "rmw" if name == "insert" else ""
            meaning = {"a": f"each lane: {name}(rs1)", "i": f"{name} lane imm6"}.get(
                kind, f"each lane: {name}(rs1, second operand)")
            yield (f"pv.{name}{shown} ||| {bits} {operand} rs1 {f3} rd 1010111 "
                   f"||| simd.{name} {flags} ||| {meaning}")


XPULP = [*parse_table("xpulp_memory", _MEMORY), *parse_table("xpulp_loop", _LOOP),
         *parse_table("xpulp_mac", _MAC), *parse_table("xpulp_bits", _BITS),
         *parse_table("xpulp_simd", "\n".join(_simd_lines())),
         *parse_table("xpulp_simd", _PERMUTE)]
