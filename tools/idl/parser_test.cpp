// Tests of the parser: the model it builds and its complaints.
#include "tools/idl/parser.h"

#include <gtest/gtest.h>

namespace pith::idl {
namespace {

Interface parse_good(std::string_view text) {
  Diagnostics diagnostics;
  Interface file = parse("a.idl", text, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.messages()[0];
  return file;
}

/// All complaints about a text; one is expected.
std::string complaint(std::string_view text) {
  Diagnostics diagnostics;
  parse("a.idl", text, diagnostics);
  std::string all;
  for (const std::string& message : diagnostics.messages()) all += message;
  return all;
}

TEST(Parser, ReadsErrors) {
  Interface file = parse_good("// All.\ninterface errors;\nerror Bad = 1 \"It is bad.\";\n");
  EXPECT_EQ(file.name.text, "errors");
  EXPECT_EQ(file.summary, "All.");
  ASSERT_EQ(file.errors.size(), 1u);
  EXPECT_EQ(file.errors[0].number, 1u);
  EXPECT_EQ(file.errors[0].text, "It is bad.");
}

TEST(Parser, ReadsObjects) {
  Interface file = parse_good(
      "interface kernel;\n"
      "/// A thing.\n/// Two lines.\n"
      "object Thing = 4 {\n"
      "  right Use = 2 \"use it\";\n"
      "  /// Does it.\n"
      "  method act = 3 (a: u64, b: FrameNumber) -> (c: u64) badge requires Use errors Bad, Worse retry safe;\n"
      "  /// Fast.\n"
      "  fast run = 1 requires Use errors none;\n"
      "}\n");
  ASSERT_EQ(file.objects.size(), 1u);
  const Object& object = file.objects[0];
  EXPECT_EQ(object.documentation, "A thing.\nTwo lines.");
  EXPECT_EQ(object.rights[0].bit, 2u);
  ASSERT_EQ(object.methods.size(), 2u);
  const Method& act = object.methods[0];
  EXPECT_EQ(act.arguments[1].type.kind, TypeKind::FrameNumber);
  EXPECT_EQ(act.results[0].name.text, "c");
  EXPECT_TRUE(act.badge);
  EXPECT_TRUE(act.retry_safe);
  EXPECT_EQ(act.right[0].text, "Use");
  EXPECT_EQ(act.errors[1].text, "Worse");
  EXPECT_EQ(object.methods[1].kind, MethodKind::Fast);
  EXPECT_TRUE(object.methods[1].has_error_list);
}

TEST(Parser, ReadsServices) {
  Interface file = parse_good(
      "interface s;\nservice S {\n  /// Gets.\n  method get = 1 (most: u64) -> (data: bytes<448>) errors none;\n"
      "  /// Waits.\n  deferred method wait = 2 () -> () errors none;\n  /// Looks.\n  read method look = 3 () -> () errors none;\n}\n");
  ASSERT_EQ(file.services[0].methods.size(), 3u);
  EXPECT_EQ(file.services[0].methods[0].results[0].type.size, 448u);
  EXPECT_EQ(file.services[0].methods[1].kind, MethodKind::Deferred);
  EXPECT_EQ(file.services[0].methods[2].kind, MethodKind::Read);
}

TEST(Parser, SaysWhatItExpected) {
  EXPECT_EQ(complaint("object"), "a.idl:1:1: expected 'interface', found 'object'");
  EXPECT_EQ(complaint("interface a"), "a.idl:1:12: expected ';', found the end of the file");
  EXPECT_EQ(complaint("interface a;\nthing X;"), "a.idl:2:1: expected 'error', 'object' or 'service', found 'thing'");
  EXPECT_EQ(complaint("interface a;\nerror X 4"), "a.idl:2:9: expected '=', found '4'");
  EXPECT_EQ(complaint("interface a;\nerror X = \"y\";"), "a.idl:2:11: expected a number, found a string");
  EXPECT_EQ(complaint("interface a;\nobject X = 4 {\n  method m = 1 (a u64) -> ();\n}"), "a.idl:3:19: expected ':', found 'u64'");
  EXPECT_EQ(complaint("interface a;\nservice X {\n  deferred m = 1;\n}"), "a.idl:3:12: expected 'method', found 'm'");
  EXPECT_EQ(complaint("interface a;\nservice X {\n  method m = 1 () -> () errors A, ;\n}"),
            "a.idl:3:35: expected an error's name, found ';'");
  EXPECT_EQ(complaint("interface a;\nservice X {"), "a.idl:2:12: expected '}', found the end of the file");
}

}  // namespace
}  // namespace pith::idl
