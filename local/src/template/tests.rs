use super::*;

fn here() -> Surroundings {
    Surroundings {
        parameters: BTreeMap::new(),
        emulator_url: "http://emulator".into(),
        prefix: "kitemate".into(),
    }
}

fn function(environment: &str) -> String {
    format!(
        "Parameters:\n  Stage:\n    Type: String\n    Default: dev\nConditions:\n  IsDev: !Equals [!Ref Stage, dev]\n\
         Mappings:\n  Sizes:\n    dev:\n      memory: 128\nResources:\n  JobsQueue:\n    Type: AWS::SQS::Queue\n\
         \x20 OneFunction:\n    Type: AWS::Serverless::Function\n    Metadata:\n      BuildProperties:\n\
         \x20       Binary: one\n    Properties:\n      MemorySize: 128\n      Timeout: 3\n      Environment:\n\
         \x20       Variables:\n          VALUE: {environment}\n"
    )
}

fn value(expression: &str) -> Result<String> {
    let model = interpret(&function(expression), &here())?;
    Ok(model.functions[0].environment["VALUE"].clone())
}

#[test]
fn cloudformations_functions_are_evaluated() {
    let table = [
        ("plain", "plain"),
        ("!Ref Stage", "dev"),
        ("!Ref JobsQueue", "http://emulator/000000000000/kitemate-jobs-queue"),
        ("!GetAtt JobsQueue.Arn", "arn:aws:sqs:ap-south-1:000000000000:kitemate-jobs-queue"),
        (
            "!Sub \"${Stage}-${JobsQueue.Arn}-${!Literal}\"",
            "dev-arn:aws:sqs:ap-south-1:000000000000:kitemate-jobs-queue-${Literal}",
        ),
        ("!Sub [\"${A}-${Stage}\", {A: x}]", "x-dev"),
        ("!Join [\"/\", [a, !Ref Stage]]", "a/dev"),
        ("!If [IsDev, yes, no]", "yes"),
        ("!Select [1, !Split [\",\", \"a,b\"]]", "b"),
        ("!FindInMap [Sizes, !Ref Stage, memory]", "128"),
        ("{\"Fn::Sub\": \"${AWS::Region}\"}", "ap-south-1"),
    ];
    for (expression, expected) in table {
        assert_eq!(value(expression).unwrap(), expected, "{expression}");
    }
}

#[test]
fn what_is_not_understood_names_its_line() {
    for expression in
        ["!Cidr [a, b]", "!Ref Nothing", "!GetAtt JobsQueue.Colour", "!Sub \"${Nothing}\""]
    {
        let err = format!("{:#}", value(expression).unwrap_err());
        assert!(err.contains("line 24"), "{expression}: {err}");
    }
    let err = interpret("Resources:\n  X:\n    Type: AWS::EKS::Cluster\n", &here()).unwrap_err();
    assert!(
        format!("{err:#}").contains("line 3: X: the local cloud does not run a AWS::EKS::Cluster"),
        "{err:#}"
    );
}

#[test]
fn this_repositorys_template_is_understood() {
    let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml"));
    let mut here = here();
    here.parameters.insert("DatabaseHost".into(), "127.0.0.1".into());
    let model = read(file, &here).unwrap();
    let import = model.functions.iter().find(|function| function.name == "imports-create").unwrap();
    assert_eq!(
        (import.routes[0].method.as_str(), import.routes[0].path.as_str()),
        ("POST", "/v1/portfolio/import")
    );
    assert_eq!(import.environment["DATABASE_USER"], "svc_imports");
    assert_eq!(import.environment["DATABASE_HOST"], "127.0.0.1");
    assert!(model.queues.iter().filter(|queue| queue.redrive.is_some()).count() >= 4);
    assert_eq!(model.api.binary_types, ["multipart/form-data"]);
}
