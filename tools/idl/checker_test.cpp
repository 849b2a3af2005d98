// Tests of the checker: each mistake is named where it stands.
#include "tools/idl/checker.h"

#include <gtest/gtest.h>

#include "tools/idl/parser.h"

namespace pith::idl {
namespace {

constexpr const char* kErrors = "interface errors; error BadSlot = 1 \"a\"; error BadFrame = 2 \"b\"; error BadArgument = 3 \"c\";";

std::string complaints(std::string_view errors, std::string_view kernel, std::string_view service) {
  Diagnostics diagnostics;
  Model model;
  model.errors = parse("errors.idl", errors, diagnostics);
  model.kernel = parse("kernel.idl", kernel, diagnostics);
  model.services.push_back(parse("s.idl", service, diagnostics));
  check(model, diagnostics);
  std::string all;
  for (const std::string& message : diagnostics.messages()) all += (all.empty() ? "" : "\n") + message;
  return all;
}

std::string about_errors(const std::string& text) { return complaints("interface errors;\n" + text, "interface kernel;", "interface s;"); }

/// Complaints about the contents of one object; the contents begin at line 2.
std::string about_object(const std::string& contents) {
  return complaints(kErrors, "interface kernel; /// T.\nobject Thing = 4 { right Use = 0 \"use\";\n" + contents + "\n}", "interface s;");
}

/// Complaints about one service whose contents begin at line 2.
std::string about_service(const std::string& contents) {
  return complaints(kErrors, "interface kernel;", "interface s; service S {\n" + contents + "\n}");
}

TEST(Checker, AcceptsGoodInterfaces) {
  EXPECT_EQ(about_object("/// D.\nmethod m = 31 (a: u64, f: FrameNumber) -> (b: u64) requires Use errors BadFrame;"), "");
  EXPECT_EQ(about_service("/// D.\nmethod m = 31 (a: bytes<464>) -> (b: bytes<1>) errors none;"), "");
}

TEST(Checker, FindsDuplicates) {
  EXPECT_EQ(about_errors("error A = 1 \"\";\nerror B = 1 \"\";"), "errors.idl:3:7: error B has the number 1 of A");
  EXPECT_EQ(about_errors("error A = 1 \"\";\nerror A = 2 \"\";"), "errors.idl:3:7: duplicate error A");
  EXPECT_EQ(about_object("right Close = 0 \"c\";"), "kernel.idl:3:7: right Close has the number 0 of Use");
  EXPECT_EQ(about_object("right Use = 1 \"c\";"), "kernel.idl:3:7: duplicate right Use");
  EXPECT_EQ(about_service("/// D.\nmethod a = 1 () -> () errors none;\n/// D.\nmethod b = 1 () -> () errors none;"),
            "s.idl:5:8: method b has the number 1 of a");
  EXPECT_EQ(about_service("/// D.\nmethod a = 1 (x: u64, x: u64) -> () errors none;"), "s.idl:3:23: duplicate argument x");
}

TEST(Checker, FindsUnknownNames) {
  EXPECT_EQ(about_service("/// D.\nmethod a = 1 () -> () errors Bad;"), "s.idl:3:30: unknown error Bad");
  EXPECT_EQ(about_service("/// D.\nmethod a = 1 (x: u65) -> () errors none;"), "s.idl:3:18: unknown type u65");
  EXPECT_EQ(about_object("/// D.\nmethod m = 1 () -> () requires Go errors none;"), "kernel.idl:4:32: unknown right Go");
}

TEST(Checker, KeepsNumbersInRange) {
  EXPECT_EQ(about_errors("error A = 64 \"\";"), "errors.idl:2:7: an error's number is 1 to 63");
  EXPECT_EQ(about_object("right Close = 7 \"c\";"), "kernel.idl:3:7: a right's bit is 0 to 6");
  EXPECT_EQ(about_service("/// D.\nmethod a = 32 () -> () errors none;"), "s.idl:3:8: a method's number is 0 to 31");
  EXPECT_EQ(complaints(kErrors, "interface kernel;\n/// D.\nobject A = 32 {}", "interface s;"),
            "kernel.idl:3:8: an object's number is 1 to 31");
}

TEST(Checker, KeepsMessagesSmall) {
  EXPECT_EQ(about_object("/// D.\nmethod m = 1 (a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64) -> () requires Use errors none;"),
            "kernel.idl:4:63: more than 6 arguments do not fit into the registers");
  EXPECT_EQ(about_service("/// D.\nmethod m = 1 () -> (a: u64, b: u64, c: u64, d: u64, e: u64, f: u64) errors none;"),
            "s.idl:3:61: more than 5 results do not fit into the registers");
  EXPECT_EQ(about_service("/// D.\nmethod m = 1 (a: bytes<465>) -> () errors none;"), "s.idl:3:18: bytes<N> needs an N of 1 to 464");
  EXPECT_EQ(about_service("/// D.\nmethod m = 1 (a: bytes<8>, b: bytes<8>) -> () errors none;"),
            "s.idl:3:31: at most one bytes<N> in each direction");
  EXPECT_EQ(about_object("/// D.\nmethod m = 1 (a: bytes<8>) -> () requires Use errors none;"),
            "kernel.idl:4:18: kernel operations carry no bytes");
  EXPECT_EQ(about_service("/// D.\ndeferred method m = 1 () -> (a: bytes<8>) errors none;"),
            "s.idl:3:33: a deferred answer carries no bytes");
}

TEST(Checker, WantsTheWholeContract) {
  EXPECT_EQ(about_object("method m = 1 () -> () requires Use errors none;"), "kernel.idl:3:8: method m has no documentation");
  EXPECT_EQ(about_object("/// D.\nmethod m = 1 () -> () errors none;"), "kernel.idl:4:8: method m requires no right");
  EXPECT_EQ(about_object("/// D.\nmethod m = 1 () -> () requires Use;"),
            "kernel.idl:4:8: method m has no list of errors (or 'errors none')");
  EXPECT_EQ(about_object("/// D.\nmethod m = 1 (f: FrameNumber) -> () requires Use errors BadSlot;"),
            "kernel.idl:4:15: a FrameNumber argument needs the error BadFrame");
}

TEST(Checker, RefusesNamesThatCannotBeGenerated) {
  EXPECT_EQ(about_service("/// D.\nmethod delete = 1 () -> () errors none;"), "s.idl:3:8: 'delete' is a word of C++");
  EXPECT_EQ(about_service("/// D.\nmethod a = 1 (token: u64) -> () errors none;"),
            "s.idl:3:15: 'token' is a name that the generated code uses");
  EXPECT_EQ(about_service("/// D.\nmethod serve = 1 () -> () errors none;"), "s.idl:3:8: 'serve' is a name of the server's base class");
  EXPECT_EQ(about_service("/// D.\nmethod Get = 1 () -> () errors none;"), "s.idl:3:8: method Get must be snake_case");
}

TEST(Checker, KeepsKindsApart) {
  EXPECT_EQ(about_object("/// D.\ndeferred method m = 1 () -> () requires Use errors none;"),
            "kernel.idl:4:17: only a service's methods can be deferred");
  EXPECT_EQ(about_object("/// D.\nread method m = 1 () -> () requires Use errors none;"),
            "kernel.idl:4:13: only a service's methods can be reads");
  EXPECT_EQ(about_service("/// D.\nfast m = 1 errors none;"), "s.idl:3:6: only kernel operations are fast or long");
  EXPECT_EQ(complaints(kErrors, "interface kernel; service A { }", "interface s;"),
            "kernel.idl:1:27: services belong into an interface of their own");
}

}  // namespace
}  // namespace pith::idl
